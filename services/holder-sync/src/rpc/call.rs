//! What every call with effects has in common: who acts, and under which key.

use auth::Actor;
use prost::Message;
use service_kit::error::Problem;
use service_kit::idempotency;
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
