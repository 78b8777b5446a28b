//! `GetWithdrawal`.

use proto::execution::v1 as pb;
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::error::Error;
use crate::rpc::convert;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::GetWithdrawalRequest>,
) -> Result<pb::GetWithdrawalResponse, Status> {
    let id = validate::only("withdrawal_id", &request.get_ref().withdrawal_id).map_err(Error::from)?;
    let view = app::read::withdrawal(ctx, id).await?;
    Ok(pb::GetWithdrawalResponse { withdrawal: Some(convert::withdrawal(&view)) })
}
