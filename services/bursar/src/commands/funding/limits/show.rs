//! `bursar funding limits show`.

use proto::execution::v1::GetLimitsRequest;

use super::{COLUMNS, row};
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Show the limits that count, and what is taken of today's.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The funding account ("fnd_…").
    funding_account_id: String,
    /// The asset, as in hedera:mainnet/token:0.0.456858.
    asset: String,
}

impl Show {
    /// Prints them; nothing where none were ever set.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = GetLimitsRequest { funding_account_id: self.funding_account_id, asset: self.asset };
        let answer = session.edge.funding_accounts().get_limits(request).await?.into_inner();
        let limits = Vec::from_iter(answer.limits);
        let all = || json::list("bursar.execution.v1.Limits", &limits);
        Ok(session.screen.answer(all, || table(&COLUMNS, limits.iter().map(row)))?)
    }
}
