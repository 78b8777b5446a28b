//! `DeclareRestore`.

use std::time::SystemTime;

use auth::Actor;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use crate::app::{Context, sweep};
use crate::error::Error;
use crate::rpc::{REASON_CHARS_MAX, get_sweep};

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::DeclareRestoreRequest>,
) -> Result<pb::DeclareRestoreResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("DeclareRestore", &actor, &request, |view| pb::DeclareRestoreResponse {
        sweep: Some(get_sweep::sweep(view)),
    })
    .map_err(Error::from)?;
    let (since, reason) = read(ctx.clock.now(), request.get_ref())?;
    Ok(sweep::declare(ctx, &actor, since, reason, &once).await?)
}

fn read(now: SystemTime, message: &pb::DeclareRestoreRequest) -> Result<(SystemTime, String), Error> {
    const FIELD: &str = "since_time";
    let mut violations = FieldViolations::new();
    let reason = validate::text(&mut violations, "reason", &message.reason, REASON_CHARS_MAX);
    let since = validate::required(&mut violations, FIELD, message.since_time);
    let since = since.and_then(|since| match SystemTime::try_from(since) {
        Ok(since) if since <= now && since >= SystemTime::UNIX_EPOCH => Some(since),
        Ok(_) => {
            violations.add(FIELD, validate::OUT_OF_RANGE, "not before 1970 and not still to come");
            None
        }
        Err(_) => {
            violations.add(FIELD, validate::MALFORMED, "a time");
            None
        }
    });
    violations.into_result()?;
    Ok(since.zip(reason).expect("what is missing was noted as a violation"))
}
