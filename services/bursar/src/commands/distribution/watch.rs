//! `bursar distribution watch`.

use std::time::Duration;

use proto::distribution::v1::DistributionState;

use super::show;
use crate::edge::json;
use crate::error::CommandError;
use crate::follow;
use crate::output::Screen;
use crate::output::progress::Progress;
use crate::session::Session;

/// Longest watch; a doubt may last for days.
const PATIENCE: Duration = Duration::from_hours(24 * 7);

/// Follow a distribution until it ends or waits for a person.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// The distribution ("dst_…").
    distribution_id: String,
}

impl Watch {
    /// Follows it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        follow(session, &self.distribution_id).await
    }
}

/// Shows each change; as JSON one line per change. Fails when the distribution ends as FAILED.
pub(in crate::commands) async fn follow(
    session: &Session,
    distribution_id: &str,
) -> Result<(), CommandError> {
    let mut progress: Option<Progress> = None;
    let last = follow::until_settled(&session.edge, distribution_id, PATIENCE, |distribution| {
        if session.screen.json() {
            Screen::result(json::of("bursar.distribution.v1.Distribution", distribution).to_string())?;
        } else if let (Some(now), Some(found)) = (&distribution.progress, &distribution.entitlements) {
            let total = u64::from(found.payee_count);
            progress.get_or_insert_with(|| Progress::new(session.screen, total)).show(now)?;
        }
        Ok(())
    });
    let last = last.await?;
    if let (Some(progress), Some(now)) = (progress, &last.progress) {
        progress.finish(now)?;
    }
    if !session.screen.json() {
        session.screen.say(show::distribution(&last))?;
    }
    match last.state() {
        DistributionState::Failed => {
            Err(CommandError::Unexpected("the distribution has FAILED payouts".to_owned()))
        }
        DistributionState::Unspecified
        | DistributionState::PendingApproval
        | DistributionState::Upcoming
        | DistributionState::Snapshotting
        | DistributionState::Ongoing
        | DistributionState::Paused
        | DistributionState::Completed
        | DistributionState::Cancelled => Ok(()),
    }
}
