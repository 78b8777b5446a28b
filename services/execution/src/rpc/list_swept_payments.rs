//! `ListSweptPayments`.

use proto::execution::v1 as pb;
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use crate::app::Context;
use crate::error::Error;
use crate::rpc::convert;
use crate::store::swept_effects::{self, Outcome, SweptEffect};

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ListSweptPaymentsRequest>,
) -> Result<pb::ListSweptPaymentsResponse, Status> {
    Ok(list(ctx, request.into_inner()).await?)
}

async fn list(
    ctx: &Context,
    mut message: pb::ListSweptPaymentsRequest,
) -> Result<pb::ListSweptPaymentsResponse, Error> {
    let size = page::size(message.page_size)?;
    let token = std::mem::take(&mut message.page_token);
    message.page_size = 0;
    let filters = Filters::of(&message);
    let after = PageToken::decode::<String>(&token, filters)?.unwrap_or_default();
    let mut conn = ctx.conn().await?;
    let mut found = swept_effects::list(&mut conn, message.open, &after, size + 1).await?;
    let next = page::cut(&mut found, size).map(|last| last.effect.transaction.to_string());
    let payments = found.iter().map(payment).collect();
    Ok(pb::ListSweptPaymentsResponse { payments, next_page_token: PageToken::encode(next.as_ref(), filters) })
}

fn payment(swept: &SweptEffect) -> pb::SweptPayment {
    let SweptEffect { effect, outcome, detail, .. } = swept;
    let outcome = match outcome {
        Outcome::Adopted => pb::SweptOutcome::Adopted,
        Outcome::Waiting => pb::SweptOutcome::Waiting,
        Outcome::Break => pb::SweptOutcome::Break,
    };
    let units = effect.gains.iter().map(|(_, units)| units).sum();
    pb::SweptPayment {
        transaction_id: effect.transaction.to_string(),
        attempt_id: effect.attempt.to_string(),
        run_id: effect.place.map(|place| place.run.to_string()).unwrap_or_default(),
        first_ordinal: effect.place.map_or(0, |place| place.first),
        payouts: effect.place.map_or(0, |place| place.size),
        consensus_ns: effect.consensus_ns,
        amount: Some(convert::amount(units, &effect.asset)),
        outcome: outcome.into(),
        detail: detail.clone(),
    }
}
