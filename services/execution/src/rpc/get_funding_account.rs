//! `GetFundingAccount`.

use proto::execution::v1 as pb;
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::Context;
use crate::error::Error;
use crate::rpc::convert;
use crate::store::funding_accounts;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::GetFundingAccountRequest>,
) -> Result<pb::GetFundingAccountResponse, Status> {
    Ok(get(ctx, request.get_ref()).await?)
}

async fn get(
    ctx: &Context,
    message: &pb::GetFundingAccountRequest,
) -> Result<pb::GetFundingAccountResponse, Error> {
    let id = validate::only("funding_account_id", &message.funding_account_id)?;
    let conn = ctx.conn().await?;
    let found = funding_accounts::find(&conn, id).await?.ok_or(Error::FundingAccountNotFound(id))?;
    Ok(pb::GetFundingAccountResponse { funding_account: Some(convert::funding_account(&found)) })
}
