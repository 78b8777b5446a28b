//! Ends the pause of an asset.

use auth::Actor;
use futures::FutureExt as _;
use ids::AssetId;
use pg::idempotency::{Answer, Once};

use super::App;
use super::tell_pauses::tell_pause;
use crate::domain::{Asset, Word};
use crate::error::Error;
use crate::store::{assets, pauses};

/// Ends the pause of an asset, if it has one, and answers once execution has let its runs go on.
pub(crate) async fn unpause_asset<R: Answer>(
    app: &App,
    actor: &Actor,
    id: AssetId,
    reason: String,
    once: &Once<Asset, R, Error>,
) -> Result<R, Error> {
    let network = app.network;
    let unpause = Word { reason, by: actor.subject.clone(), at: app.clock.now() };
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                pauses::end(conn, id, &unpause).await?;
                assets::find(conn, network, id).await?.ok_or(Error::AssetNotFound(id))
            }
            .boxed()
        })
        .await?;
    tell_pause(app, id).await?;
    Ok(answer)
}
