//! `ListWithdrawals`.

use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::error::Error;
use crate::rpc::convert;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ListWithdrawalsRequest>,
) -> Result<pb::ListWithdrawalsResponse, Status> {
    Ok(list(ctx, request.into_inner()).await?)
}

async fn list(
    ctx: &Context,
    mut message: pb::ListWithdrawalsRequest,
) -> Result<pb::ListWithdrawalsResponse, Error> {
    let size = page::size(message.page_size)?;
    let token = std::mem::take(&mut message.page_token);
    message.page_size = 0;
    let filters = Filters::of(&message);
    let before = PageToken::decode(&token, filters)?.map(convert::before);
    let mut violations = FieldViolations::new();
    let funding =
        validate::parse_optional(&mut violations, "funding_account_id", &message.funding_account_id);
    violations.into_result()?;
    let mut found = app::read::withdrawals(ctx, funding.flatten(), before, size + 1).await?;
    let next = page::cut(&mut found, size)
        .map(|view| convert::newest(view.withdrawal.created_at, view.withdrawal.id().as_uuid()));
    Ok(pb::ListWithdrawalsResponse {
        next_page_token: PageToken::encode(next.as_ref(), filters),
        withdrawals: found.iter().map(convert::withdrawal).collect(),
    })
}
