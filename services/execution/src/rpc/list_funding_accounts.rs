//! `ListFundingAccounts`.

use proto::execution::v1 as pb;
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use crate::app::Context;
use crate::error::Error;
use crate::rpc::convert;
use crate::store::funding_accounts;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ListFundingAccountsRequest>,
) -> Result<pb::ListFundingAccountsResponse, Status> {
    Ok(list(ctx, request.get_ref()).await?)
}

async fn list(
    ctx: &Context,
    message: &pb::ListFundingAccountsRequest,
) -> Result<pb::ListFundingAccountsResponse, Error> {
    let filters = Filters::of_bytes(b"funding accounts");
    let size = page::size(message.page_size)?;
    let after = PageToken::decode::<String>(&message.page_token, filters)?;
    let mut conn = ctx.conn().await?;
    let mut found = funding_accounts::list(&mut conn, after.as_deref(), size + 1).await?;
    let next = page::cut(&mut found, size).map(|account| account.label.clone());
    Ok(pb::ListFundingAccountsResponse {
        next_page_token: PageToken::encode(next.as_ref(), filters),
        funding_accounts: found.iter().map(convert::funding_account).collect(),
    })
}
