//! `bursar asset pause`.

use proto::asset::v1::PauseAssetRequest;

use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Stop all payments to its holders: nothing new is sent, what was sent is followed to its end.
#[derive(Debug, clap::Args)]
pub struct Pause {
    /// The asset ("ast_…").
    asset_id: String,
    /// Why; kept and shown.
    #[arg(long)]
    reason: String,
}

impl Pause {
    /// Pauses, and prints the asset.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = PauseAssetRequest { asset_id: self.asset_id, reason: self.reason };
        let answer = session.edge.assets().pause_asset(request).await?.into_inner();
        let asset = answer.asset.ok_or(CommandError::missing("asset"))?;
        let text = || table(&super::COLUMNS, [super::row(&asset)]);
        Ok(session.screen.answer(|| json::of("bursar.asset.v1.Asset", &asset), text)?)
    }
}
