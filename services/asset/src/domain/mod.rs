//! What assets and payment tokens are, and the rules they follow. Pure: no clock, no randomness, no IO.

mod asset;
mod payment_token;
mod sync;
mod token;

pub(crate) use asset::{Asset, AssetType, BondTerms, PauseState, Terms, Word};
pub(crate) use payment_token::{PaymentToken, TokenRef};
pub(crate) use sync::{SyncState, SyncSummary};
pub(crate) use token::{TokenFacts, TokenReading, TokenRefusal};
