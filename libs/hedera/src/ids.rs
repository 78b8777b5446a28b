//! Names of things on the ledger: accounts, tokens, EVM addresses, transactions. Texts are read strictly: one spelling each.

mod entity;
mod evm;
mod transaction;

pub use entity::{AccountId, ParseEntityIdError, TokenId};
pub use evm::{EvmAddress, ParseEvmAddressError};
pub use transaction::{ParseTransactionIdError, TransactionId};
