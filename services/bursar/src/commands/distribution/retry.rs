//! `bursar distribution retry`.

use proto::distribution::v1::RetryDistributionRequest;

use super::{show, watch};
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Try again everything that failed, or chosen payouts; resume a run that was halted.
#[derive(Debug, clap::Args)]
pub struct Retry {
    /// The distribution ("dst_…").
    distribution_id: String,
    /// Only this payout ("pay_…"); repeat for several. A halted run is not resumed by it.
    #[arg(long, value_name = "PAYOUT")]
    payout: Vec<String>,
    /// Follow it until it ends or waits for a person.
    #[arg(long)]
    watch: bool,
}

impl Retry {
    /// Retries, and prints or follows it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = RetryDistributionRequest {
            distribution_id: self.distribution_id.clone(),
            payout_ids: self.payout,
        };
        let answer = session.edge.distributions().retry_distribution(request).await?.into_inner();
        if self.watch {
            return watch::follow(session, &self.distribution_id).await;
        }
        let text = || {
            let shown = answer.distribution.as_ref().map(show::distribution).unwrap_or_default();
            format!("{} payouts are tried again\n{shown}", answer.retried)
        };
        Ok(session
            .screen
            .answer(|| json::of("bursar.distribution.v1.RetryDistributionResponse", &answer), text)?)
    }
}
