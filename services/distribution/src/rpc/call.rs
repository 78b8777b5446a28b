//! What every call has in common: who acts, under which key, on which distribution.

use auth::Actor;
use ids::DistributionId;
use prost::Message;
use service_kit::error::{FieldViolations, Problem};
use service_kit::{idempotency, validate};
use tonic::Request;

use crate::app::Once;

/// The key of this request, and how its answer is stored. `method` is the RPC's name.
pub(super) fn once<M: Message, T>(
    method: &str,
    actor: &Actor,
    request: &Request<M>,
    encode: fn(&T) -> Vec<u8>,
) -> Result<Once<T>, Problem> {
    let key = idempotency::key(request.metadata())?;
    Ok(Once {
        scope: format!("{method}:{}", actor.subject),
        key: key.as_str().to_owned(),
        request_hash: idempotency::request_hash(request.get_ref()),
        encode,
    })
}

/// The id of a distribution.
pub(super) fn distribution_id(text: &str) -> Result<DistributionId, Problem> {
    let mut violations = FieldViolations::new();
    let id = validate::parse(&mut violations, "distribution_id", text);
    violations.into_result()?;
    Ok(id.expect("what is missing was noted as a violation"))
}
