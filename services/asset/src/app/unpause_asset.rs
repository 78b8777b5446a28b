//! Ends the pause of an asset.

use futures::FutureExt as _;
use ids::AssetId;
use pg::idempotency::{Answer, Once};

use super::App;
use crate::domain::Asset;
use crate::error::Error;
use crate::store::assets;

/// Ends the pause of an asset, if it has one.
pub(crate) async fn unpause_asset<R: Answer>(
    app: &App,
    id: AssetId,
    once: &Once<Asset, R, Error>,
) -> Result<R, Error> {
    let (network, at) = (app.network, app.clock.now());
    once.run(&app.pool, move |conn| {
        async move {
            assets::unpause(conn, id, at).await?;
            assets::find(conn, network, id).await?.ok_or(Error::AssetNotFound(id))
        }
        .boxed()
    })
    .await
}
