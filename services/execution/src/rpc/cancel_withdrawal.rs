//! `CancelWithdrawal`.

use auth::Actor;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::error::Error;
use crate::rpc::{REASON_CHARS_MAX, convert};

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::CancelWithdrawalRequest>,
) -> Result<pb::CancelWithdrawalResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("CancelWithdrawal", &actor, &request, |withdrawal| {
        pb::CancelWithdrawalResponse { withdrawal: Some(convert::withdrawal(withdrawal)) }
    })
    .map_err(Error::from)?;
    let message = request.get_ref();
    let mut violations = FieldViolations::new();
    let id = validate::parse(&mut violations, "withdrawal_id", &message.withdrawal_id);
    let reason = validate::text(&mut violations, "reason", &message.reason, REASON_CHARS_MAX);
    violations.into_result().map_err(Error::from)?;
    let which = id.zip(reason).expect("what is missing was noted as a violation");
    Ok(app::cancel_withdrawal::cancel_withdrawal(ctx, &actor, which, &once).await?)
}
