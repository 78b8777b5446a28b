//! Tells execution where the pauses of assets stand.

use ids::AssetId;

use super::App;
use crate::domain::PauseState;
use crate::error::Error;
use crate::store::pauses;

/// Assets told of in one go; the next go takes the rest.
const BATCH_MAX: u32 = 100;

/// Tells execution where an asset's pause stands now, also when it was told that before. A repeated call tells this too, and
/// not what it said the first time: that may be over.
pub(super) async fn tell_pause(app: &App, id: AssetId) -> Result<(), Error> {
    let state = pauses::find(&mut *app.conn().await?, id).await?;
    match state {
        Some(state) => tell(app, &state).await,
        // It was never paused, so there is nothing to say.
        None => Ok(()),
    }
}

/// Tells execution of the assets where it may not have the last word: it was away, or we died between the two. One that it
/// refuses is left for the next go; when it is away, so are all.
pub(crate) async fn tell_pauses(app: &App) -> Result<(), Error> {
    let untold = pauses::untold(&mut *app.conn().await?, BATCH_MAX).await?;
    for state in untold {
        match tell(app, &state).await {
            Err(Error::Execution(error)) if !error.is_away() => {
                let asset = state.asset;
                tracing::error!(%asset, error = &error as &dyn std::error::Error, "execution refuses a pause's state");
            }
            told => told?,
        }
    }
    Ok(())
}

async fn tell(app: &App, state: &PauseState) -> Result<(), Error> {
    app.execution.set_asset_pause(state).await?;
    Ok(pauses::set_told(&mut *app.conn().await?, state.asset, state.version).await?)
}
