//! Pauses an asset.

use auth::Actor;
use futures::FutureExt as _;
use ids::AssetId;
use pg::idempotency::{Answer, Once};

use super::App;
use super::tell_pauses::tell_pause;
use crate::domain::{Asset, Word};
use crate::error::Error;
use crate::store::{assets, pauses};

/// Pauses an asset, and answers once execution holds its runs. One that is paused keeps its pause, with its reason.
pub(crate) async fn pause_asset<R: Answer>(
    app: &App,
    actor: &Actor,
    id: AssetId,
    reason: String,
    once: &Once<Asset, R, Error>,
) -> Result<R, Error> {
    let network = app.network;
    let pause = Word { reason, by: actor.subject.clone(), at: app.clock.now() };
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                pauses::begin(conn, id, &pause).await?;
                assets::find(conn, network, id).await?.ok_or(Error::AssetNotFound(id))
            }
            .boxed()
        })
        .await?;
    // Not before the commit: execution must not hold runs by a pause that comes to nothing.
    tell_pause(app, id).await?;
    Ok(answer)
}
