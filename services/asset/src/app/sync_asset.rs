//! Reads a token's facts again and starts a sync of its holders.

use auth::Actor;
use futures::FutureExt as _;
use hedera::TokenId;
use ids::AssetId;
use pg::idempotency::{Answer, Once};
use service_kit::idempotency::IdempotencyKey;

use super::{App, register_assets};
use crate::domain::{Asset, TokenFacts};
use crate::error::Error;
use crate::store::{Inconsistent, assets};

/// Records the newer facts and starts a sync. `sync_key` repeats the sync's start under the same key when the call is
/// repeated, so that a call cut off between the two steps is finished by its repetition.
pub(crate) async fn sync_asset<R: Answer>(
    app: &App,
    actor: &Actor,
    id: AssetId,
    once: &Once<Asset, R, Error>,
    sync_key: &IdempotencyKey,
) -> Result<R, Error> {
    let asset =
        assets::find(&mut *app.conn().await?, app.network, id).await?.ok_or(Error::AssetNotFound(id))?;
    if let Some(answer) = once.answered(&app.pool).await? {
        start_sync(app, actor, &asset, sync_key).await?;
        return Ok(answer);
    }
    let facts = current_facts(app, &asset).await?;
    let (network, at) = (app.network, app.clock.now());
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                assets::set_facts(conn, id, &facts, at).await?;
                assets::find(conn, network, id).await?.ok_or(Error::AssetNotFound(id))
            }
            .boxed()
        })
        .await?;
    start_sync(app, actor, &asset, sync_key).await?;
    Ok(answer)
}

/// The facts as they are now, also of a token that was deleted: its holders are still its holders.
async fn current_facts(app: &App, asset: &Asset) -> Result<TokenFacts, Error> {
    let token: TokenId = asset.token_id().parse().map_err(|_| {
        Error::Store(Inconsistent { table: "asset", row: asset.id.to_string(), column: "token_id" }.into())
    })?;
    let reading = app.tokens.token(token, app.clock.now()).await?;
    Ok(reading.ok_or_else(|| Error::TokenNotFound(token.to_string()))?.facts)
}

/// Registration starts the first sync; so does a repeated one when the holder service has forgotten the asset.
async fn start_sync(app: &App, actor: &Actor, asset: &Asset, key: &IdempotencyKey) -> Result<(), Error> {
    if asset.registered {
        match app.holders.sync(actor, asset.id, key).await {
            Err(error) if error.is_not_found() => {}
            answer => return Ok(answer?),
        }
    }
    register_assets::register(app, actor, asset.id, asset.token_id()).await
}
