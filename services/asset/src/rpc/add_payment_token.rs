//! `AddPaymentToken`.

use auth::Actor;
use proto::asset::v1::{AddPaymentTokenRequest, AddPaymentTokenResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<AddPaymentTokenRequest>,
) -> Result<AddPaymentTokenResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("AddPaymentToken", &actor, &request, |token| AddPaymentTokenResponse {
        payment_token: Some(convert::payment_token(token)),
    })
    .map_err(Error::from)?;
    let (token, code) = convert::token_ref(app.network, &request.get_ref().token)?;
    Ok(app::add_payment_token(app, &actor, &token, code, &once).await?)
}
