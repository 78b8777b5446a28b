//! `RemoveDestination`.

use auth::Actor;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::idempotency;
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::error::Error;
use crate::rpc::add_destination::funding_and_account;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::RemoveDestinationRequest>,
) -> Result<pb::RemoveDestinationResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once =
        idempotency::once("RemoveDestination", &actor, &request, |()| pb::RemoveDestinationResponse {})
            .map_err(Error::from)?;
    let message = request.get_ref();
    let mut violations = FieldViolations::new();
    let places = funding_and_account(&mut violations, &message.funding_account_id, &message.account);
    violations.into_result().map_err(Error::from)?;
    let places = places.expect("what is missing was noted as a violation");
    Ok(app::destinations::remove(ctx, &actor, places, &once).await?)
}
