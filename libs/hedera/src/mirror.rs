//! A mirror node's REST API: tokens, accounts, balances, and what became of a transaction.
//!
//! All calls are reads and are repeated on their own when the mirror node is busy or away, within a bounded budget. A mirror
//! node lags behind the network, and behind one address there can be several that disagree: every answer is old. What an
//! answer proves is said where it is read; a missing transaction by itself proves nothing ([`absence`]).

pub mod absence;
mod account;
mod balances;
mod block;
mod error;
mod exchange_rate;
mod http;
mod token;
mod transaction;

pub use account::{
    AccountInfo, AccountKey, AccountRef, BATCH_MAX, FreezeStatus, KycStatus, TokenRelationship,
};
pub use balances::{BalancePage, BalancePages, PAGE_MAX};
pub use block::Block;
pub use error::MirrorError;
pub use exchange_rate::ExchangeRate;
pub use http::MirrorConfig;
pub use token::{CustomFees, FixedFee, FractionalFee, PauseStatus, TokenInfo, TokenKeys, TokenType};
pub use transaction::{TransactionRecord, Transfer};

use http::Http;

/// Reads from one mirror node address. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mirror {
    http: Http,
}

impl Mirror {
    /// Prepares the client; connects when first used.
    pub fn new(config: MirrorConfig) -> Result<Self, MirrorError> {
        Ok(Self { http: Http::new(config)? })
    }
}

#[cfg(test)]
mod tests;
