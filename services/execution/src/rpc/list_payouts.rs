//! `ListPayouts`.

use hedera::AccountId;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{Context, read};
use crate::error::Error;
use crate::rpc::{convert, get_run};
use crate::store::payouts::{self, Filter};

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ListPayoutsRequest>,
) -> Result<pb::ListPayoutsResponse, Status> {
    Ok(list(ctx, request.into_inner()).await?)
}

async fn list(ctx: &Context, mut message: pb::ListPayoutsRequest) -> Result<pb::ListPayoutsResponse, Error> {
    let size = page::size(message.page_size)?;
    let token = std::mem::take(&mut message.page_token);
    message.page_size = 0;
    let filters = Filters::of(&message);
    let run = get_run::run_id(&message.run_id)?;
    let filter = filter(&message)?;
    let from = PageToken::decode::<u32>(&token, filters)?.unwrap_or_default();
    let mut conn = ctx.conn().await?;
    let stored = read::find_run(&mut conn, run).await?;
    let mut found = payouts::list(&mut conn, &stored.run, filter, from, size + 1).await?;
    let next = page::cut(&mut found, size).map(|payout| payout.ordinal + 1);
    let payouts = found.iter().map(|payout| convert::payout(&stored, payout)).collect();
    Ok(pb::ListPayoutsResponse { payouts, next_page_token: PageToken::encode(next.as_ref(), filters) })
}

fn filter(message: &pb::ListPayoutsRequest) -> Result<Filter, Error> {
    let mut violations = FieldViolations::new();
    let account =
        validate::parse_optional::<AccountId>(&mut violations, "account", &message.account).flatten();
    let status =
        validate::known(&mut violations, "status", message.status).map(convert::wanted_payout_status);
    if status == Some(Err(())) {
        violations.add("status", validate::OUT_OF_RANGE, "no payout on this rail has this status");
    }
    violations.into_result()?;
    Ok(Filter { status: status.and_then(Result::ok).flatten(), account: account.map(AccountId::num) })
}
