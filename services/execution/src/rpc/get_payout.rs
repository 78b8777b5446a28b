//! `GetPayout`.

use proto::execution::v1 as pb;
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{Context, read};
use crate::error::Error;
use crate::rpc::convert;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::GetPayoutRequest>,
) -> Result<pb::GetPayoutResponse, Status> {
    let id = validate::only("payout_id", &request.get_ref().payout_id).map_err(Error::from)?;
    let story = read::payout(ctx, id).await?;
    Ok(pb::GetPayoutResponse {
        payout: Some(convert::payout(&story.run, &story.payout)),
        attempts: story.attempts.iter().map(|attempt| convert::attempt(attempt, &story.events)).collect(),
    })
}
