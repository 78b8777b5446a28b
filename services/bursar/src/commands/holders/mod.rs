//! `bursar holders`: who holds what.

mod history;
mod list;
mod sync;

use proto::asset::v1::GetAssetRequest;

use crate::error::CommandError;
use crate::session::{Globals, Session};

pub use sync::wait as wait_for_sync;

/// Who holds what.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Read the holders of an asset from the network now.
    Sync(sync::Sync),
    /// List the holders as of the last sync.
    List(list::List),
    /// List the changes of one holder's balance, newest first.
    History(history::History),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::Sync(command) => command.run(&session).await,
            Command::List(command) => command.run(&session).await,
            Command::History(command) => command.run(&session).await,
        }
    }
}

/// Decimals of one whole token of the asset.
async fn decimals(session: &Session, asset_id: &str) -> Result<u8, CommandError> {
    let request = GetAssetRequest { asset_id: asset_id.to_owned() };
    let asset = session.edge.assets().get_asset(request).await?.into_inner().asset;
    let token = asset.and_then(|asset| asset.token).ok_or(CommandError::missing("token"))?;
    u8::try_from(token.decimals).map_err(|_| CommandError::Unexpected(format!("{} decimals", token.decimals)))
}

/// Digits of smallest units as an amount with its decimals.
fn amount(units: &str, decimals: u8) -> String {
    units.parse().map_or_else(|_| units.to_owned(), |units| money::format_units(units, decimals))
}
