//! `bursar distribution reject`.

use proto::distribution::v1::RejectDistributionRequest;

use super::approve::{Hash, hash};
use super::show;
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Send it back to whoever created it; needs the role APPROVER. For redemptions too.
#[derive(Debug, clap::Args)]
pub struct Reject {
    /// The distribution ("dst_…").
    distribution_id: String,
    /// What is rejected: the hash that `distribution show` says, or approval.hash of its JSON.
    #[arg(long, value_parser = hash)]
    hash: Hash,
    /// Why; kept and shown.
    #[arg(long)]
    reason: String,
}

impl Reject {
    /// Rejects, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = RejectDistributionRequest {
            distribution_id: self.distribution_id,
            hash: self.hash.0,
            reason: self.reason,
        };
        let answer = session.edge.approvals().reject_distribution(request).await?.into_inner();
        let distribution = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        let text = || show::distribution(&distribution);
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.Distribution", &distribution), text)?)
    }
}
