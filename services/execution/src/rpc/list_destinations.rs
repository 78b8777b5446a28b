//! `ListDestinations`.

use ids::FundingAccountId;
use proto::execution::v1 as pb;
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::Context;
use crate::error::Error;
use crate::rpc::convert;
use crate::store::{destinations, funding_accounts};

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ListDestinationsRequest>,
) -> Result<pb::ListDestinationsResponse, Status> {
    Ok(list(ctx, request.into_inner()).await?)
}

async fn list(
    ctx: &Context,
    mut message: pb::ListDestinationsRequest,
) -> Result<pb::ListDestinationsResponse, Error> {
    let size = page::size(message.page_size)?;
    let token = std::mem::take(&mut message.page_token);
    message.page_size = 0;
    let filters = Filters::of(&message);
    let after = PageToken::decode::<u64>(&token, filters)?.unwrap_or_default();
    let funding: FundingAccountId = validate::only("funding_account_id", &message.funding_account_id)?;
    let mut conn = ctx.conn().await?;
    funding_accounts::find(&conn, funding).await?.ok_or(Error::FundingAccountNotFound(funding))?;
    let mut found = destinations::list(&mut conn, funding, after, size + 1).await?;
    let next = page::cut(&mut found, size).map(|destination| destination.account.num());
    Ok(pb::ListDestinationsResponse {
        next_page_token: PageToken::encode(next.as_ref(), filters),
        destinations: found.iter().map(convert::destination).collect(),
    })
}
