//! `bursar distribution rerun`.

use std::collections::BTreeMap;

use proto::distribution::v1::{PayeeEdit, RerunDistributionRequest};

use super::{get_distribution, show};
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Make a new distribution of the payees of an ended one who are proven unpaid. It is paid when it is executed; then its
/// payouts replace the old ones, for good.
#[derive(Debug, clap::Args)]
pub struct Rerun {
    /// The distribution that ended ("dst_…").
    distribution_id: String,
    /// What people call the new one; as the old one when absent.
    #[arg(long, default_value = "")]
    label: String,
    /// Only this payee, by its account ("0.0.5005"); repeat for several. Everybody who is unpaid when absent.
    #[arg(long, value_name = "ACCOUNT")]
    only: Vec<String>,
    /// Another amount for a payee, in whole payment tokens (0.0.5005=12.5); repeat for several.
    #[arg(long, value_name = "ACCOUNT=AMOUNT", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Another account for a payee (0.0.5005=0.0.6006); repeat for several.
    #[arg(long = "move", value_name = "ACCOUNT=ACCOUNT", value_parser = pair)]
    moved: Vec<(String, String)>,
}

impl Rerun {
    /// Creates it, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let old = get_distribution(&session.edge, &self.distribution_id).await?;
        let request = RerunDistributionRequest {
            distribution_id: self.distribution_id,
            label: self.label,
            accounts: self.only,
            edits: edits(self.set, self.moved, old.payment_decimals)?,
        };
        let answer = session.edge.distributions().rerun_distribution(request).await?.into_inner();
        let new = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        let text = || show::distribution(&new);
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.Distribution", &new), text)?)
    }
}

/// What is different, each payee once; a payee that is named twice is for the service to refuse.
fn edits(
    set: Vec<(String, String)>,
    moved: Vec<(String, String)>,
    decimals: u32,
) -> Result<Vec<PayeeEdit>, CommandError> {
    let decimals = u8::try_from(decimals).map_err(|_| CommandError::input("decimals out of range"))?;
    let (mut edits, mut places): (Vec<PayeeEdit>, BTreeMap<String, usize>) = (Vec::new(), BTreeMap::new());
    for (account, amount) in set {
        let units = money::parse_units(&amount, decimals)
            .map_err(|error| CommandError::input(format!("--set {account}={amount} {error}")))?;
        places.insert(account.clone(), edits.len());
        edits.push(PayeeEdit { account, units: units.to_string(), new_account: String::new() });
    }
    for (account, new_account) in moved {
        match places.remove(&account) {
            Some(place) => edits[place].new_account = new_account,
            None => edits.push(PayeeEdit { account, units: String::new(), new_account }),
        }
    }
    Ok(edits)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(account, value)| !account.is_empty() && !value.is_empty());
    pair.map(|(account, value)| (account.to_owned(), value.to_owned()))
        .ok_or_else(|| "two values with = between them".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{PayeeEdit, edits, pair};

    fn edit(account: &str, units: &str, new_account: &str) -> PayeeEdit {
        let [account, units, new_account] = [account, units, new_account].map(str::to_owned);
        PayeeEdit { account, units, new_account }
    }

    #[test]
    fn an_amount_and_an_account_for_the_same_payee_are_one_edit() {
        let of = |text: &str| pair(text).expect("a pair");
        let set = vec![of("0.0.5005=12.5"), of("0.0.5006=1")];
        let moved = vec![of("0.0.5006=0.0.6006"), of("0.0.5007=0.0.6007")];
        let expected = [
            edit("0.0.5005", "1250", ""),
            edit("0.0.5006", "100", "0.0.6006"),
            edit("0.0.5007", "", "0.0.6007"),
        ];
        assert_eq!(edits(set, moved, 2).expect("amounts"), expected);
        assert!(
            edits(vec![of("0.0.5005=1.005")], Vec::new(), 2).is_err(),
            "more decimals than the token has"
        );
        assert!(pair("0.0.5005").is_err() && pair("=1").is_err() && pair("0.0.5005=").is_err());
    }
}
