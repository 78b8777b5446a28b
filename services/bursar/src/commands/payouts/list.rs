//! `bursar payouts list`.

use proto::execution::v1::{ListPayoutsRequest, Payout, PayoutStatus};
use proto::r#type::v1::recipient;

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::names;
use crate::output::table::table;
use crate::session::Session;
use crate::time;

const COLUMNS: [&str; 8] =
    ["ordinal", "account", "units", "status", "reason", "next attempt", "superseded by", "transaction"];

/// List a run's payouts by ordinal.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The distribution or its run ("dst_…", "run_…").
    id: String,
    /// Only payouts with this status: paid, failed, in-doubt, ….
    #[arg(long, value_parser = status)]
    status: Option<PayoutStatus>,
    /// Only the payouts to this account ("0.0.5005").
    #[arg(long, default_value = "")]
    account: String,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl List {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let run_id = super::find(session, &self.id).await?.run_id;
        let payouts = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let (run_id, account) = (run_id.clone(), self.account.clone());
            let status = self.status.unwrap_or_default().into();
            let request = ListPayoutsRequest { run_id, page_size, page_token, status, account };
            let page = session.edge.execution().list_payouts(request).await?.into_inner();
            Ok((page.payouts, page.next_page_token))
        });
        let payouts = payouts.await?;
        let all = || json::list("bursar.execution.v1.Payout", &payouts);
        Ok(session.screen.answer(all, || table(&COLUMNS, payouts.iter().map(row)))?)
    }
}

fn row(payout: &Payout) -> [String; 8] {
    let account = payout.recipient.as_ref().and_then(|recipient| recipient.kind.as_ref());
    let account = account.map(|kind| match kind {
        recipient::Kind::HederaAccount(account) => account.clone(),
    });
    [
        payout.ordinal.to_string(),
        account.unwrap_or_default(),
        payout.amount.as_ref().map(|amount| amount.units.clone()).unwrap_or_default(),
        names::short(Some(payout.status().as_str_name()), "PAYOUT_STATUS_"),
        payout.failure.as_ref().map(|failure| failure.reason.clone()).unwrap_or_default(),
        time::show(payout.next_attempt_time.as_ref()),
        payout.superseded_by.clone(),
        payout.transaction_id.clone(),
    ]
}

fn status(text: &str) -> Result<PayoutStatus, String> {
    let name = format!("PAYOUT_STATUS_{}", text.to_uppercase().replace('-', "_"));
    let status = PayoutStatus::from_str_name(&name).filter(|status| *status != PayoutStatus::Unspecified);
    status.ok_or_else(|| format!("there is no status {text:?}"))
}
