//! `CreateDistribution`, and with `validate_only` its preview.

use auth::Actor;
use proto::distribution::v1::{CreateDistributionRequest, CreateDistributionResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::{convert, draft, preview};
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<CreateDistributionRequest>,
) -> Result<CreateDistributionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let mut draft = draft::read(request.get_ref(), app.network, app.clock.now());
    if request.get_ref().validate_only {
        let threshold_ppm =
            preview::threshold_ppm(&mut draft.violations, request.get_ref().change_threshold_ppm);
        let found = app::preview_distribution(app, &actor, draft, threshold_ppm).await?;
        return Ok(CreateDistributionResponse {
            distribution: None,
            preview: Some(preview::preview(&found)),
        });
    }
    let once = idempotency::once("CreateDistribution", &actor, &request, |created| {
        let distribution = Some(convert::distribution(created));
        CreateDistributionResponse { distribution, preview: None }
    })
    .map_err(Error::from)?;
    Ok(app::create_distribution(app, &actor, draft, &once).await?)
}
