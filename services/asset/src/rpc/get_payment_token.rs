//! `GetPaymentToken`.

use proto::asset::v1::{GetPaymentTokenRequest, GetPaymentTokenResponse};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};

pub(super) async fn handle(
    app: &App,
    request: Request<GetPaymentTokenRequest>,
) -> Result<GetPaymentTokenResponse, Status> {
    let (_, code) = convert::token_ref(app.network, &request.get_ref().token)?;
    let token = app::get_payment_token(app, &code).await?;
    Ok(GetPaymentTokenResponse { payment_token: Some(convert::payment_token(&token)) })
}
