//! `bursar asset unpause`.

use proto::asset::v1::UnpauseAssetRequest;

use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Let payments to its holders go on, unless something else holds them.
#[derive(Debug, clap::Args)]
pub struct Unpause {
    /// The asset ("ast_…").
    asset_id: String,
    /// Why; kept and shown.
    #[arg(long)]
    reason: String,
}

impl Unpause {
    /// Unpauses, and prints the asset.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = UnpauseAssetRequest { asset_id: self.asset_id, reason: self.reason };
        let answer = session.edge.assets().unpause_asset(request).await?.into_inner();
        let asset = answer.asset.ok_or(CommandError::missing("asset"))?;
        let text = || table(&super::COLUMNS, [super::row(&asset)]);
        Ok(session.screen.answer(|| json::of("bursar.asset.v1.Asset", &asset), text)?)
    }
}
