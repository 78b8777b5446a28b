//! `RetryPayouts`.

use std::collections::BTreeSet;

use auth::Actor;
use ids::{PayoutId, RunId};
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use crate::app::Context;
use crate::app::retry_payouts::{Retried, retry_payouts};
use crate::error::Error;
use crate::rpc::convert;

const PAYOUTS_MAX: usize = 1000;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::RetryPayoutsRequest>,
) -> Result<pb::RetryPayoutsResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("RetryPayouts", &actor, &request, |retried: &Retried| {
        pb::RetryPayoutsResponse { run: Some(convert::run(&retried.run)), retried: retried.payouts }
    })
    .map_err(Error::from)?;
    let (run, ordinals) = chosen(request.get_ref())?;
    Ok(retry_payouts(ctx, run, ordinals, &once).await?)
}

fn chosen(message: &pb::RetryPayoutsRequest) -> Result<(RunId, BTreeSet<u32>), Error> {
    let mut violations = FieldViolations::new();
    let run: Option<RunId> = validate::parse(&mut violations, "run_id", &message.run_id);
    let mut ordinals = BTreeSet::new();
    if !(1..=PAYOUTS_MAX).contains(&message.payout_ids.len()) {
        violations.add("payout_ids", validate::OUT_OF_RANGE, format!("1 to {PAYOUTS_MAX} payouts"));
    }
    for (place, text) in message.payout_ids.iter().take(PAYOUTS_MAX).enumerate() {
        let field = format!("payout_ids[{place}]");
        let Some(payout) = validate::parse::<PayoutId>(&mut violations, &field, text) else { continue };
        if run.is_some_and(|run| payout.run != run) {
            violations.add(field, "OTHER_RUN", "a payout of the run");
        } else if !ordinals.insert(payout.ordinal) {
            violations.add(field, "DUPLICATE", "each payout once");
        }
    }
    violations.into_result()?;
    Ok((run.expect("what is missing was noted as a violation"), ordinals))
}
