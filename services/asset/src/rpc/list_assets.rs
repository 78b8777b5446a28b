//! `ListAssets`.

use auth::Actor;
use proto::asset::v1::{Asset, ListAssetsRequest, ListAssetsResponse};
use service_kit::error::{FieldViolations, Problem};
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::domain::AssetType;
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ListAssetsRequest>,
) -> Result<ListAssetsResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let message = request.into_inner();
    let size = page::size(message.page_size).map_err(Error::from)?;
    let filters = Filters::of_bytes(format!("ListAssets {}", message.r#type).as_bytes());
    let after = match PageToken::decode::<String>(&message.page_token, filters).map_err(Error::from)? {
        Some(id) => Some(convert::asset_id(&id)?),
        None => None,
    };
    let asset_type = asset_type(&message).map_err(Error::from)?;
    let mut found = app::list_assets(app, asset_type, after, size + 1).await?;
    let last = page::cut(&mut found, size).map(|asset| asset.id.to_string());
    let mut assets: Vec<Asset> = found.iter().map(convert::asset).collect();
    convert::with_sync(app, &actor, &mut assets).await;
    Ok(ListAssetsResponse { assets, next_page_token: PageToken::encode(last.as_ref(), filters) })
}

fn asset_type(message: &ListAssetsRequest) -> Result<Option<AssetType>, Problem> {
    let mut violations = FieldViolations::new();
    let asset_type = validate::known(&mut violations, "type", message.r#type).and_then(convert::asset_type);
    violations.into_result()?;
    Ok(asset_type)
}
