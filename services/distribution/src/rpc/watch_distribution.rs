//! `WatchDistribution`.

use std::pin::Pin;
use std::time::Duration;

use auth::Actor;
use ids::DistributionId;
use proto::distribution::v1::{WatchDistributionRequest, WatchDistributionResponse};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

/// Four times a second, as the contract says.
const POLL: Duration = Duration::from_millis(250);

/// The distribution, at once and whenever it changes.
pub(super) type Stream =
    Pin<Box<dyn futures::Stream<Item = Result<WatchDistributionResponse, Status>> + Send + 'static>>;

/// What a watcher has seen.
enum Watch {
    Nothing,
    Version(i64),
    TheEnd,
}

pub(super) async fn handle(app: &App, request: Request<WatchDistributionRequest>) -> Result<Stream, Status> {
    Actor::from_request(&request)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    // An unknown one is an error of the call, not of its first message.
    app::version(app, id).await?;
    let app = app.clone();
    Ok(Box::pin(futures::stream::unfold(Watch::Nothing, move |watch| {
        let app = app.clone();
        async move {
            let next = match watch {
                Watch::Nothing => current(&app, id).await,
                Watch::Version(seen) => changed(&app, id, seen).await,
                Watch::TheEnd => return None,
            };
            Some(match next {
                Ok((message, watch)) => (Ok(message), watch),
                Err(error) => (Err(error.into()), Watch::TheEnd),
            })
        }
    })))
}

async fn current(app: &App, id: DistributionId) -> Result<(WatchDistributionResponse, Watch), Error> {
    let found = app::get_distribution(app, id).await?;
    let watch = if found.state.rests() { Watch::TheEnd } else { Watch::Version(found.version) };
    Ok((WatchDistributionResponse { distribution: Some(convert::distribution(&found)) }, watch))
}

async fn changed(
    app: &App,
    id: DistributionId,
    seen: i64,
) -> Result<(WatchDistributionResponse, Watch), Error> {
    loop {
        tokio::time::sleep(POLL).await;
        if app::version(app, id).await? != seen {
            return current(app, id).await;
        }
    }
}
