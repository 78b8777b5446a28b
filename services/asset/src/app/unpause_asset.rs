//! Ends the pause of an asset.

use futures::FutureExt as _;
use ids::AssetId;

use super::{App, Once};
use crate::domain::Asset;
use crate::error::Error;
use crate::store::assets;

/// Ends the pause of an asset, if it has one.
pub(crate) async fn unpause_asset(app: &App, id: AssetId, once: &Once<Asset>) -> Result<Vec<u8>, Error> {
    let (network, at) = (app.network, app.clock.now());
    once.run(app, move |conn| {
        async move {
            assets::unpause(conn, id, at).await?;
            assets::find(conn, network, id).await?.ok_or(Error::AssetNotFound(id))
        }
        .boxed()
    })
    .await
}
