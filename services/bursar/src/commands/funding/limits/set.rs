//! `bursar funding limits set`.

use proto::execution::v1::SetLimitsRequest;

use super::{COLUMNS, row};
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Set limits, which take the place of those before; what is left out is not limited.
#[derive(Debug, clap::Args)]
pub struct Set {
    /// The funding account ("fnd_…").
    funding_account_id: String,
    /// The asset, as in hedera:mainnet/token:0.0.456858.
    asset: String,
    /// Most of one payout, in smallest units.
    #[arg(long, default_value = "")]
    per_payout: String,
    /// Most of one distribution, in smallest units.
    #[arg(long, default_value = "")]
    per_distribution: String,
    /// Most of one day (UTC), in smallest units.
    #[arg(long, default_value = "")]
    per_day: String,
    /// Why; kept and shown.
    #[arg(long)]
    reason: String,
}

impl Set {
    /// Sets and prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = SetLimitsRequest {
            funding_account_id: self.funding_account_id,
            asset: self.asset,
            per_payout: self.per_payout,
            per_run: self.per_distribution,
            per_day: self.per_day,
            reason: self.reason,
        };
        let answer = session.edge.funding_accounts().set_limits(request).await?.into_inner();
        let limits = answer.limits.ok_or(CommandError::missing("limits"))?;
        let text = || table(&COLUMNS, [row(&limits)]);
        Ok(session.screen.answer(|| json::of("bursar.execution.v1.Limits", &limits), text)?)
    }
}
