//! `RemovePaymentToken`.

use auth::Actor;
use proto::asset::v1::{RemovePaymentTokenRequest, RemovePaymentTokenResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<RemovePaymentTokenRequest>,
) -> Result<RemovePaymentTokenResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("RemovePaymentToken", &actor, &request, |()| RemovePaymentTokenResponse {})
        .map_err(Error::from)?;
    let (_, code) = convert::token_ref(app.network, &request.get_ref().token)?;
    Ok(app::remove_payment_token(app, code, &once).await?)
}
