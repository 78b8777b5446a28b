//! `CreateRedemption`, and with `validate_only` its preview.

use auth::Actor;
use proto::distribution::v1::{CreateRedemptionRequest, CreateRedemptionResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{convert, draft, preview};
use crate::app::{self, App};
use crate::domain::comparison::THRESHOLD_PPM_DEFAULT;
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<CreateRedemptionRequest>,
) -> Result<CreateRedemptionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let draft = draft::read_redemption(request.get_ref(), app.network);
    if request.get_ref().validate_only {
        let found = app::preview_distribution(app, &actor, draft, THRESHOLD_PPM_DEFAULT).await?;
        return Ok(CreateRedemptionResponse { distribution: None, preview: Some(preview::preview(&found)) });
    }
    let once = idempotency::once("CreateRedemption", &actor, &request, |created| {
        let distribution = Some(convert::distribution(created));
        CreateRedemptionResponse { distribution, preview: None }
    })
    .map_err(Error::from)?;
    Ok(app::create_distribution(app, &actor, draft, &once).await?)
}
