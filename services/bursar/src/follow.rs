//! Following a distribution over breaks of its stream.

use std::time::{Duration, Instant};

use proto::distribution::v1::{Distribution, WatchDistributionRequest};
use tonic::Code;

use crate::commands::distribution::get_distribution;
use crate::edge::Edge;
use crate::error::CommandError;

const PAUSE: Duration = Duration::from_millis(500);
/// A gateway that is away for longer than this is not coming back while we wait.
const BREAKS_MAX: u32 = 60;

/// Calls `change` with the distribution whenever it changes, until it ends or waits for a person, and returns it as it is
/// then. A broken stream is opened again; `within` bounds the whole.
pub(crate) async fn until_settled(
    edge: &Edge,
    distribution_id: &str,
    within: Duration,
    mut change: impl FnMut(&Distribution) -> Result<(), CommandError>,
) -> Result<Distribution, CommandError> {
    let deadline = Instant::now() + within;
    let mut breaks = 0;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let watched = tokio::time::timeout(left, watch(edge, distribution_id, &mut change)).await;
        match watched {
            Err(_) => {
                let what = format!("the end of {distribution_id}");
                return Err(CommandError::Deadline { what, seconds: within.as_secs() });
            }
            Ok(Ok(())) => return get_distribution(edge, distribution_id).await,
            Ok(Err(error)) if breaks < BREAKS_MAX && is_break(&error) => breaks += 1,
            Ok(Err(error)) => return Err(error),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn watch(
    edge: &Edge,
    distribution_id: &str,
    change: &mut impl FnMut(&Distribution) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let request = WatchDistributionRequest { distribution_id: distribution_id.to_owned() };
    let mut changes = edge.distributions().watch_distribution(request).await?.into_inner();
    while let Some(answer) = changes.message().await? {
        if let Some(distribution) = &answer.distribution {
            change(distribution)?;
        }
    }
    Ok(())
}

/// The connection broke; the distribution is none the worse for it.
fn is_break(error: &CommandError) -> bool {
    let CommandError::Refused(status) = error else { return false };
    matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Aborted)
}
