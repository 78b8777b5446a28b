//! `RemovePaymentToken`.

use auth::Actor;
use prost::Message as _;
use proto::asset::v1::{RemovePaymentTokenRequest, RemovePaymentTokenResponse};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<RemovePaymentTokenRequest>,
) -> Result<RemovePaymentTokenResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = call::once("RemovePaymentToken", &actor, &request, |()| {
        RemovePaymentTokenResponse {}.encode_to_vec()
    })
    .map_err(Error::from)?;
    let (_, code) = convert::token_ref(app.network, &request.get_ref().token)?;
    let answer = app::remove_payment_token(app, code, &once).await?;
    Ok(RemovePaymentTokenResponse::decode(answer.as_slice()).map_err(Error::from)?)
}
