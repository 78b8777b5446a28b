//! `ListAssets`.

use auth::Actor;
use proto::asset::v1::{Asset, ListAssetsRequest, ListAssetsResponse};
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
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
    let asset_type = convert::asset_type(message.r#type());
    let mut found = app::list_assets(app, asset_type, after, size + 1).await?;
    let last = page::cut(&mut found, size).map(|asset| asset.id.to_string());
    let mut assets: Vec<Asset> = found.iter().map(convert::asset).collect();
    convert::with_sync(app, &actor, &mut assets).await;
    Ok(ListAssetsResponse { assets, next_page_token: PageToken::encode(last.as_ref(), filters) })
}
