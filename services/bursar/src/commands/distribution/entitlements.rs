//! `bursar distribution entitlements`: who is owed what, and what came off.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use proto::distribution::v1::{Entitlement, HolderTreatment, ListEntitlementsRequest};

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::names;
use crate::output::cells::cell;
use crate::output::table::table;
use crate::session::Session;

const PAGE_SIZE: i32 = 1000;

/// List what a distribution owes to whom: gross, withheld, brought and carried forward, paid. All in smallest units.
#[derive(Debug, clap::Args)]
pub struct Entitlements {
    /// The distribution ("dst_…").
    distribution_id: String,
    /// At most so many.
    #[arg(long, default_value_t = 50, conflicts_with_all = ["csv", "out"])]
    limit: usize,
    /// All of them as CSV: the report of what was withheld of whom.
    #[arg(long)]
    csv: bool,
    /// The file to write the CSV to; standard output when absent.
    #[arg(long, value_name = "FILE", requires = "csv")]
    out: Option<PathBuf>,
}

/// The columns of the table.
const COLUMNS: [&str; 8] =
    ["payee", "treatment", "reason", "gross", "withheld", "brought", "carried", "paid"];
/// The columns of the CSV file.
const CSV_COLUMNS: [&str; 14] = [
    "ordinal",
    "account",
    "balance",
    "treatment",
    "reason",
    "gross",
    "withheld",
    "brought_forward",
    "carried_forward",
    "paid",
    "reference",
    "note",
    "email",
    "name",
];

impl Entitlements {
    /// Prints or writes them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        if self.csv {
            return self.write(session).await;
        }
        let found = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            self.page(session, page_size, page_token).await
        });
        let found = found.await?;
        let all = || json::list("bursar.distribution.v1.Entitlement", &found);
        Ok(session.screen.answer(all, || table(&COLUMNS, found.iter().map(row)))?)
    }

    async fn page(
        &self,
        session: &Session,
        page_size: i32,
        page_token: String,
    ) -> Result<pages::Page<Entitlement>, tonic::Status> {
        let distribution_id = self.distribution_id.clone();
        let request =
            ListEntitlementsRequest { distribution_id, page_size, page_token, ..Default::default() };
        let page = session.edge.distributions().list_entitlements(request).await?.into_inner();
        Ok((page.entitlements, page.next_page_token))
    }

    /// Page by page, so that memory stays flat.
    async fn write(&self, session: &Session) -> Result<(), CommandError> {
        let target: Box<dyn Write + Send> = match &self.out {
            Some(path) => Box::new(File::create(path)?),
            None => Box::new(io::stdout()),
        };
        let mut csv = csv::Writer::from_writer(BufWriter::new(target));
        csv.write_record(CSV_COLUMNS)?;
        let (mut token, mut rows) = (String::new(), 0_u64);
        loop {
            let (page, next) = self.page(session, PAGE_SIZE, token).await?;
            for owed in &page {
                csv.write_record(cells(owed))?;
                rows += 1;
            }
            if next.is_empty() {
                break;
            }
            token = next;
        }
        csv.flush()?;
        if let Some(path) = &self.out {
            session.screen.say(format!("{rows} entitlements written to {}", path.display()))?;
        }
        Ok(())
    }
}

/// What is paid now: nothing to whoever is held or left out.
fn paid(owed: &Entitlement) -> String {
    if owed.ordinal.is_some() { owed.units.clone() } else { "0".to_owned() }
}

/// What is owed before anything comes off; of whoever is held what it would be.
fn gross(owed: &Entitlement) -> String {
    let held = owed.treatment() == HolderTreatment::Hold;
    if held { owed.units.clone() } else { owed.gross_units.clone() }
}

fn treatment(owed: &Entitlement) -> String {
    names::short(Some(owed.treatment().as_str_name()), "HOLDER_TREATMENT_")
}

/// Who: an account, or whom the file names by email.
fn who(owed: &Entitlement) -> String {
    match (owed.account.as_str(), owed.name.as_str()) {
        ("", "") => owed.email.clone(),
        ("", name) => format!("{name} <{}>", owed.email),
        (account, _) => account.to_owned(),
    }
}

fn row(owed: &Entitlement) -> [String; 8] {
    [
        who(owed),
        treatment(owed),
        owed.reason.clone(),
        gross(owed),
        owed.withheld_units.clone(),
        owed.brought_forward_units.clone(),
        owed.carried_forward_units.clone(),
        paid(owed),
    ]
}

fn cells(owed: &Entitlement) -> [String; 14] {
    [
        owed.ordinal.map(|ordinal| ordinal.to_string()).unwrap_or_default(),
        owed.account.clone(),
        owed.balance.clone(),
        treatment(owed),
        owed.reason.clone(),
        gross(owed),
        owed.withheld_units.clone(),
        owed.brought_forward_units.clone(),
        owed.carried_forward_units.clone(),
        paid(owed),
        cell(&owed.reference),
        cell(&owed.note),
        cell(&owed.email),
        cell(&owed.name),
    ]
}

#[cfg(test)]
mod tests {
    use super::{CSV_COLUMNS, Entitlement, HolderTreatment, cells, row};

    #[test]
    fn who_is_not_paid_has_nothing_in_the_column_of_what_is_paid() {
        let units = "7".to_owned();
        let held = Entitlement { treatment: HolderTreatment::Hold.into(), units, ..Entitlement::default() };
        assert_eq!((row(&held)[3].as_str(), row(&held)[7].as_str()), ("7", "0"));
        let treatment = HolderTreatment::Pay.into();
        let payee = Entitlement { ordinal: Some(3), note: "=1".to_owned(), treatment, ..held };
        assert_eq!(row(&payee)[7], "7");
        let cells = cells(&payee);
        assert_eq!((cells[0].as_str(), cells[9].as_str(), cells[11].as_str()), ("3", "7", "'=1"));
        assert_eq!(cells.len(), CSV_COLUMNS.len());
    }

    #[test]
    fn who_is_named_by_email_is_shown_so_and_is_no_formula() {
        let email = Entitlement { email: "=a@example.org".to_owned(), ..Entitlement::default() };
        assert_eq!(
            (row(&email)[0].as_str(), cells(&email)[12].as_str()),
            ("=a@example.org", "'=a@example.org")
        );
        let named = Entitlement { name: "Ada".to_owned(), email: "ada@example.org".to_owned(), ..email };
        assert_eq!(row(&named)[0], "Ada <ada@example.org>");
    }
}
