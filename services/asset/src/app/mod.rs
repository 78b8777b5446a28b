//! The use cases, one file each. Every one is told who acts.

mod add_payment_token;
mod import_asset;
mod once;
mod pause_asset;
mod read;
mod register_assets;
mod remove_payment_token;
mod sync_asset;
mod sync_summaries;
mod unpause_asset;

use std::sync::Arc;

use ids::IdSource;
use money::Network;
use pg::{Conn, Pool};
use service_kit::clock::Clock;

use crate::clients::{Holders, TokenReader};
use crate::error::Error;

pub use add_payment_token::add_payment_token;
pub use import_asset::{ImportAsset, import_asset};
pub use once::Once;
pub use pause_asset::pause_asset;
pub use read::{get_asset, get_payment_token, list_assets, list_payment_tokens};
pub use register_assets::register_assets;
pub use remove_payment_token::remove_payment_token;
pub use sync_asset::sync_asset;
pub use sync_summaries::sync_summaries;
pub use unpause_asset::unpause_asset;

/// What the use cases work with.
#[derive(Clone)]
pub struct App {
    /// This service's database.
    pub pool: Pool,
    /// The network of the installation.
    pub network: Network,
    /// The mirror node.
    pub tokens: TokenReader,
    /// The holder service.
    pub holders: Holders,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

impl App {
    async fn conn(&self) -> Result<Conn<'_>, Error> {
        Ok(self.pool.get().await?)
    }
}
