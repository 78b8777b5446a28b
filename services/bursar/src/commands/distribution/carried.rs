//! `bursar distribution carried`.

use proto::distribution::v1::{CarryForward, CarryForwardStatus, ListCarryForwardsRequest};

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::names;
use crate::output::table::table;
use crate::session::Session;

const COLUMNS: [&str; 6] = ["account", "units", "of", "status", "carried by", "paid by"];
const PREFIX: &str = "CARRY_FORWARD_STATUS_";

/// List what an asset's distributions carried forward because it was below the minimum, by account and then oldest first.
#[derive(Debug, clap::Args)]
pub struct Carried {
    /// Of this asset ("ast_…").
    #[arg(long, value_name = "ID")]
    asset: String,
    /// Only in this: "hbar" or the id of a token ("0.0.456858").
    #[arg(long, default_value = "", value_name = "TOKEN", hide_default_value = true)]
    payment_token: String,
    /// Only of this account ("0.0.5005").
    #[arg(long, default_value = "", hide_default_value = true)]
    account: String,
    /// Only what is open, taken, or void.
    #[arg(long, value_parser = status)]
    status: Option<CarryForwardStatus>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl Carried {
    /// Prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let carried = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let request = ListCarryForwardsRequest {
                asset_id: self.asset.clone(),
                payment_token: self.payment_token.clone(),
                account: self.account.clone(),
                status: self.status.unwrap_or_default().into(),
                page_size,
                page_token,
            };
            let page = session.edge.distributions().list_carry_forwards(request).await?.into_inner();
            Ok((page.carry_forwards, page.next_page_token))
        });
        let found = carried.await?;
        let all = || json::list("bursar.distribution.v1.CarryForward", &found);
        Ok(session.screen.answer(all, || table(&COLUMNS, found.iter().map(row)))?)
    }
}

fn row(carried: &CarryForward) -> [String; 6] {
    let amount = carried.amount.clone().unwrap_or_default();
    [
        carried.account.clone(),
        amount.units,
        amount.asset,
        names::short(Some(carried.status().as_str_name()), PREFIX),
        carried.distribution_id.clone(),
        carried.taken_by.clone(),
    ]
}

fn status(text: &str) -> Result<CarryForwardStatus, String> {
    let name = format!("{PREFIX}{}", text.to_uppercase());
    let status = CarryForwardStatus::from_str_name(&name);
    let status = status.filter(|status| *status != CarryForwardStatus::Unspecified);
    status.ok_or_else(|| format!("there is no status {text:?}: open, taken or void"))
}

#[cfg(test)]
mod tests {
    use super::{CarryForwardStatus, status};

    #[test]
    fn a_status_is_typed_in_any_case() {
        assert_eq!(status("Open"), Ok(CarryForwardStatus::Open));
        assert!(status("unspecified").is_err() && status("paid").is_err());
    }
}
