//! `ResolveInDoubt`.

use auth::Actor;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use super::convert;
use crate::app::Context;
use crate::app::resolve_in_doubt::{Outcome, Resolution, Word, resolve_in_doubt};
use crate::error::Error;

const EVIDENCE_CHARS_MAX: usize = 2000;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::ResolveInDoubtRequest>,
) -> Result<pb::ResolveInDoubtResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("ResolveInDoubt", &actor, &request, |resolution: &Resolution| {
        pb::ResolveInDoubtResponse {
            attempt: Some(convert::attempt(&resolution.attempt, &[])),
            awaiting_confirmation: resolution.awaiting_confirmation,
            differs_from: resolution.otherwise.clone(),
        }
    })
    .map_err(Error::from)?;
    let word = word(request.get_ref())?;
    Ok(resolve_in_doubt(ctx, &actor, word, &once).await?)
}

fn word(message: &pb::ResolveInDoubtRequest) -> Result<Word, Error> {
    let mut violations = FieldViolations::new();
    let run = validate::parse(&mut violations, "run_id", &message.run_id);
    let attempt = validate::parse(&mut violations, "attempt_id", &message.attempt_id);
    let evidence = validate::text(&mut violations, "evidence", &message.evidence, EVIDENCE_CHARS_MAX);
    let outcome = validate::known(&mut violations, "outcome", message.outcome).and_then(|outcome| {
        let outcome = match outcome {
            pb::DoubtOutcome::Paid => Some(Outcome::Paid),
            pb::DoubtOutcome::Unpaid => Some(Outcome::Unpaid),
            pb::DoubtOutcome::Unspecified => None,
        };
        validate::required(&mut violations, "outcome", outcome)
    });
    violations.into_result()?;
    let (((run, attempt), evidence), outcome) =
        run.zip(attempt).zip(evidence).zip(outcome).expect("what is missing was noted as a violation");
    Ok(Word { run, attempt, outcome, evidence })
}
