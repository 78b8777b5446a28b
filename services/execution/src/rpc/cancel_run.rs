//! `CancelRun`.

use auth::Actor;
use proto::execution::v1 as pb;
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::rpc::get_run;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::CancelRunRequest>,
) -> Result<pb::CancelRunResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let message = request.get_ref();
    let id = get_run::run_id(&message.run_id)?;
    app::cancel_run::cancel_run(ctx, id, &actor.subject, &message.reason).await?;
    Ok(pb::CancelRunResponse { run: Some(get_run::run(ctx, id).await?) })
}
