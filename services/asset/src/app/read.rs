//! Reads.

use ids::AssetId;
use money::AssetCode;

use super::App;
use crate::domain::{Asset, AssetType, PaymentToken};
use crate::error::Error;
use crate::store::{assets, payment_tokens};

/// One asset.
pub(crate) async fn get_asset(app: &App, id: AssetId) -> Result<Asset, Error> {
    assets::find(&mut *app.conn().await?, app.network, id).await?.ok_or(Error::AssetNotFound(id))
}

/// Up to `limit` assets, newest first, after `after`, of one type or of all.
pub(crate) async fn list_assets(
    app: &App,
    asset_type: Option<AssetType>,
    after: Option<AssetId>,
    limit: u32,
) -> Result<Vec<Asset>, Error> {
    Ok(assets::list(&mut *app.conn().await?, app.network, asset_type, after, limit).await?)
}

/// One accepted payment token.
pub(crate) async fn get_payment_token(app: &App, code: &AssetCode) -> Result<PaymentToken, Error> {
    let found = payment_tokens::find(&mut *app.conn().await?, code).await?;
    found.ok_or_else(|| Error::PaymentTokenNotFound(code.to_string()))
}

/// Up to `limit` accepted payment tokens by code, after `after`.
pub(crate) async fn list_payment_tokens(
    app: &App,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<PaymentToken>, Error> {
    Ok(payment_tokens::list(&mut *app.conn().await?, after, limit).await?)
}
