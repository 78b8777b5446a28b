//! `bursar asset`: what can be paid on.

mod import;
mod list;
mod nominal;
mod pause;
mod unpause;

pub use nominal::payment_token;

use proto::asset::v1::{Asset, AssetType, SyncState};

use crate::error::CommandError;
use crate::names;
use crate::session::{Globals, Session};

/// What can be paid on.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Import a token and start the first sync of its holders.
    Import(import::Import),
    /// List what was imported, newest first.
    List(list::List),
    /// Stop all payments to its holders: nothing new is sent, what was sent is followed to its end.
    Pause(pause::Pause),
    /// Let payments to its holders go on, unless something else holds them.
    Unpause(unpause::Unpause),
}

impl Command {
    /// Does what was asked.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        match self {
            Command::Import(command) => command.run(&session).await,
            Command::List(command) => command.run(&session).await,
            Command::Pause(command) => command.run(&session).await,
            Command::Unpause(command) => command.run(&session).await,
        }
    }
}

const COLUMNS: [&str; 9] = ["id", "token", "symbol", "name", "type", "decimals", "holders", "sync", "paused"];

fn row(asset: &Asset) -> [String; 9] {
    let token = asset.token.clone().unwrap_or_default();
    let sync = asset.sync.clone().unwrap_or_default();
    [
        asset.id.clone(),
        asset.token_id.clone(),
        token.symbol,
        token.name,
        names::short(AssetType::try_from(asset.r#type).ok().map(|kind| kind.as_str_name()), "ASSET_TYPE_"),
        token.decimals.to_string(),
        sync.holder_count.to_string(),
        names::short(SyncState::try_from(sync.state).ok().map(|state| state.as_str_name()), "SYNC_STATE_"),
        if asset.paused { "yes".to_owned() } else { "no".to_owned() },
    ]
}
