//! `ImportAsset`.

use auth::Actor;
use prost::Message as _;
use proto::asset::v1::{ImportAssetRequest, ImportAssetResponse};
use service_kit::error::FieldViolations;
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App, ImportAsset};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ImportAssetRequest>,
) -> Result<ImportAssetResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = call::once("ImportAsset", &actor, &request, |asset| {
        ImportAssetResponse { asset: Some(convert::asset(asset)) }.encode_to_vec()
    })
    .map_err(Error::from)?;
    let input = input(app, request.into_inner())?;
    let answer = app::import_asset(app, &actor, input, &once).await?;
    let mut response = ImportAssetResponse::decode(answer.as_slice()).map_err(Error::from)?;
    convert::with_sync(app, &actor, &mut response.asset).await;
    Ok(response)
}

fn input(app: &App, message: ImportAssetRequest) -> Result<ImportAsset, Error> {
    let mut violations = FieldViolations::new();
    let token = convert::token_id(&mut violations, "token_id", &message.token_id);
    let terms = convert::terms(&mut violations, app.network, message.r#type(), message.bond_terms);
    violations.into_result()?;
    let (token, terms) = token.zip(terms).expect("what is missing was noted as a violation");
    Ok(ImportAsset { token, terms })
}
