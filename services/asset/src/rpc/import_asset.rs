//! `ImportAsset`.

use auth::Actor;
use proto::asset::v1::{ImportAssetRequest, ImportAssetResponse};
use service_kit::error::FieldViolations;
use service_kit::idempotency;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App, ImportAsset};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ImportAssetRequest>,
) -> Result<ImportAssetResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("ImportAsset", &actor, &request, |asset| ImportAssetResponse {
        asset: Some(convert::asset(asset)),
    })
    .map_err(Error::from)?;
    let input = input(app, request.into_inner())?;
    let mut response = app::import_asset(app, &actor, input, &once).await?;
    convert::with_sync(app, &actor, &mut response.asset).await;
    Ok(response)
}

fn input(app: &App, message: ImportAssetRequest) -> Result<ImportAsset, Error> {
    let mut violations = FieldViolations::new();
    let token = convert::token_id(&mut violations, "token_id", &message.token_id);
    let terms = convert::terms(&mut violations, app.network, message.r#type, message.bond_terms);
    violations.into_result()?;
    let (token, terms) = token.zip(terms).expect("what is missing was noted as a violation");
    Ok(ImportAsset { token, terms })
}
