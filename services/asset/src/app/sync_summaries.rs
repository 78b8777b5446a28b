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
    match app.holders.summaries(actor, ids).await {
        Ok(summaries) => summaries,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "answering without sync summaries");
            HashMap::new()
        }
    }
}
