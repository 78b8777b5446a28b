//! How current the holders of some assets are.

use std::collections::HashMap;

use auth::Actor;
use ids::AssetId;

use super::App;
use crate::domain::SyncSummary;

/// The last syncs of these assets. Nothing of the assets depends on it, so a holder service that cannot be asked costs two
/// seconds and the summaries, not the call.
pub(crate) async fn sync_summaries(
    app: &App,
    actor: &Actor,
    ids: &[AssetId],
) -> HashMap<AssetId, SyncSummary> {
    if ids.is_empty() {
        return HashMap::new();
    }
    // A service that acts by itself is believed by its own key only: for another service this one asks in its own name.
    let own = Actor::service(crate::NAME);
    let actor = if actor.is_service() { &own } else { actor };
    match app.holders.summaries(actor, ids).await {
        Ok(summaries) => summaries,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "answering without sync summaries");
            HashMap::new()
        }
    }
}
