//! The use cases, one file each. Every one is told who acts.

mod add_payment_token;
mod import_asset;
mod pause_asset;
mod read;
mod register_assets;
mod remove_payment_token;
mod sync_asset;
mod sync_summaries;
mod tell_pauses;
mod unpause_asset;

use std::sync::Arc;

use ids::IdSource;
use money::Network;
use pg::{Conn, Pool};
use service_kit::clock::Clock;

use crate::clients::{Execution, Holders, TokenReader};
use crate::error::Error;

pub(crate) use add_payment_token::add_payment_token;
pub(crate) use import_asset::{ImportAsset, import_asset};
pub(crate) use pause_asset::pause_asset;
pub(crate) use read::{get_asset, get_payment_token, list_assets, list_payment_tokens};
pub(crate) use register_assets::register_assets;
pub(crate) use remove_payment_token::remove_payment_token;
pub(crate) use sync_asset::sync_asset;
pub(crate) use sync_summaries::sync_summaries;
pub(crate) use tell_pauses::tell_pauses;
pub(crate) use unpause_asset::unpause_asset;

/// What the use cases work with.
#[derive(Clone)]
pub(crate) struct App {
    /// This service's database.
    pub pool: Pool,
    /// The network of the installation.
    pub network: Network,
    /// The mirror node.
    pub tokens: TokenReader,
    /// The holder service.
    pub holders: Holders,
    /// Execution.
    pub execution: Execution,
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
