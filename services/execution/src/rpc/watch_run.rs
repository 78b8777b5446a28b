//! `WatchRun`.

use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use ids::RunId;
use proto::execution::v1 as pb;
use tonic::{Request, Status};

use crate::app::Context;
use crate::error::Error;
use crate::rpc::{Outgoing, get_run};

/// At most four times a second.
const PERIOD: Duration = Duration::from_millis(250);

pub(super) async fn handle(
    ctx: &Arc<Context>,
    request: Request<pb::WatchRunRequest>,
) -> Result<Outgoing<pb::WatchRunResponse>, Status> {
    let id = get_run::run_id(&request.get_ref().run_id)?;
    let first = get_run::run(ctx, id).await?;
    let updates = stream::try_unfold(Watch::First(Arc::clone(ctx), first), move |watch| async move {
        let (ctx, run) = match watch {
            Watch::First(ctx, run) => (ctx, run),
            Watch::After(ctx, last) => {
                let run = changed(&ctx, id, &last).await?;
                (ctx, run)
            }
            Watch::Over => return Ok(None),
        };
        let next = if has_ended(&run) { Watch::Over } else { Watch::After(ctx, run.clone()) };
        Ok(Some((pb::WatchRunResponse { run: Some(run) }, next)))
    });
    Ok(Box::pin(updates))
}

enum Watch {
    First(Arc<Context>, pb::Run),
    After(Arc<Context>, pb::Run),
    Over,
}

/// The run as soon as it is other than `last`. The loop ends with the stream: the server bounds its life.
async fn changed(ctx: &Context, id: RunId, last: &pb::Run) -> Result<pb::Run, Error> {
    loop {
        tokio::time::sleep(PERIOD).await;
        let run = get_run::run(ctx, id).await?;
        if run != *last {
            return Ok(run);
        }
    }
}

fn has_ended(run: &pb::Run) -> bool {
    matches!(run.state(), pb::RunState::Completed | pb::RunState::Failed | pb::RunState::Cancelled)
}
