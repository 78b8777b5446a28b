//! Makes known to the holder service what an import could not.

use auth::Actor;
use ids::AssetId;

use super::App;
use crate::error::Error;
use crate::store::assets;

/// Assets told of in one go; the next go takes the rest.
const BATCH_MAX: u32 = 100;

/// Tells the holder service of the oldest assets it may not know. An asset it cannot be told of is left for the next go.
pub(crate) async fn register_assets(app: &App, actor: &Actor) -> Result<(), Error> {
    let waiting = assets::unregistered(&mut *app.conn().await?, BATCH_MAX).await?;
    for (id, token_id) in waiting {
        register_or_warn(app, actor, id, &token_id).await;
    }
    Ok(())
}

/// Tells the holder service of one asset and notes that it knows.
pub(super) async fn register(app: &App, actor: &Actor, id: AssetId, token_id: &str) -> Result<(), Error> {
    app.holders.register(actor, id, token_id).await?;
    Ok(assets::set_registered(&mut *app.conn().await?, id, app.clock.now()).await?)
}

/// The same where the caller's work is done either way: the job tries again.
pub(super) async fn register_or_warn(app: &App, actor: &Actor, id: AssetId, token_id: &str) {
    if let Err(error) = register(app, actor, id, token_id).await {
        tracing::warn!(asset = %id, error = &error as &dyn std::error::Error, "not registered yet; will be tried again");
    }
}
