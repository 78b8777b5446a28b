//! Pauses an asset.

use auth::Actor;
use futures::FutureExt as _;
use ids::AssetId;
use pg::idempotency::{Answer, Once};

use super::App;
use crate::domain::{Asset, Pause};
use crate::error::Error;
use crate::store::assets;

/// Pauses an asset. One that is paused keeps its pause, with its reason.
pub(crate) async fn pause_asset<R: Answer>(
    app: &App,
    actor: &Actor,
    id: AssetId,
    reason: String,
    once: &Once<Asset, R, Error>,
) -> Result<R, Error> {
    let network = app.network;
    let pause = Pause { reason, by: actor.subject.clone(), at: app.clock.now() };
    once.run(&app.pool, move |conn| {
        async move {
            assets::pause_unless_paused(conn, id, &pause).await?;
            assets::find(conn, network, id).await?.ok_or(Error::AssetNotFound(id))
        }
        .boxed()
    })
    .await
}
