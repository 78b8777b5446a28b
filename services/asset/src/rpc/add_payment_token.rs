//! `AddPaymentToken`.

use auth::Actor;
use prost::Message as _;
use proto::asset::v1::{AddPaymentTokenRequest, AddPaymentTokenResponse};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<AddPaymentTokenRequest>,
) -> Result<AddPaymentTokenResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = call::once("AddPaymentToken", &actor, &request, |token| {
        AddPaymentTokenResponse { payment_token: Some(convert::payment_token(token)) }.encode_to_vec()
    })
    .map_err(Error::from)?;
    let (token, code) = convert::token_ref(app.network, &request.get_ref().token)?;
    let answer = app::add_payment_token(app, &actor, &token, code, &once).await?;
    Ok(AddPaymentTokenResponse::decode(answer.as_slice()).map_err(Error::from)?)
}
