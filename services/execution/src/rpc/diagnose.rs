//! `Diagnose`.

use auth::Actor;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::domain::diagnosis::{Diagnosis, Outcome};
use crate::error::Error;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::DiagnoseRequest>,
) -> Result<pb::DiagnoseResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let mut violations = FieldViolations::new();
    let run = validate::parse_optional(&mut violations, "run_id", &request.get_ref().run_id).flatten();
    violations.into_result().map_err(Error::from)?;
    let time = ctx.clock.now();
    let found = app::diagnose::diagnose(ctx, &actor, run).await?;
    Ok(pb::DiagnoseResponse { checks: found.into_iter().map(check).collect(), time: Some(time.into()) })
}

fn check(found: Diagnosis) -> pb::DiagnosticCheck {
    let outcome = match found.outcome {
        Outcome::Fine => pb::DiagnosticOutcome::Ok,
        Outcome::Warning => pb::DiagnosticOutcome::Warning,
        Outcome::Problem => pb::DiagnosticOutcome::Problem,
    };
    pb::DiagnosticCheck {
        check: found.check.as_str().to_owned(),
        subject: found.subject,
        outcome: outcome.into(),
        seen: found.seen,
        advice: found.advice,
    }
}
