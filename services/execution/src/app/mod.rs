//! What execution does: one file per use case, each one transaction script.

pub mod cancel_run;
pub mod cancel_withdrawal;
pub mod check_recipients;
pub mod create_funding_account;
pub mod create_withdrawal;
pub mod destinations;
pub mod diagnose;
pub mod finish_run;
pub mod forget_loads;
pub mod limits;
pub mod pause;
pub mod quote_run;
pub mod read;
pub mod resolve_in_doubt;
pub mod resume_halted;
pub mod retry_payouts;
pub mod retry_run;
pub mod start_run;
pub mod sweep;
pub mod work;

use std::sync::Arc;

use ids::IdSource;
use money::Network;
use pg::{Conn, Pool};
use service_kit::clock::Clock;
use tokio::sync::Notify;

use crate::clients::hedera_rail::HederaRail;
use crate::config::Tuning;
use crate::error::Error;

/// What every use case can reach.
pub struct Context {
    /// The database.
    pub pool: Pool,
    /// Where COPY connects to, with the runtime role.
    pub db_url: String,
    /// The rail.
    pub rail: HederaRail,
    /// The network the money is on.
    pub network: Network,
    /// How fast, how patient.
    pub tuning: Tuning,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Rung when there is work.
    pub wake: Notify,
    /// Rung when a sweep is wanted.
    pub sweep: Notify,
}

impl Context {
    /// A connection of the pool.
    pub(crate) async fn conn(&self) -> Result<Conn<'_>, Error> {
        Ok(self.pool.get().await?)
    }
}
