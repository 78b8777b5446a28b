//! What assets and payment tokens are, and the rules they follow. Pure: no clock, no randomness, no IO.

mod asset;
mod payment_token;
mod sync;
mod token;

pub use asset::{Asset, AssetType, BondTerms, Pause, Terms};
pub use payment_token::{PaymentToken, TokenRef};
pub use sync::{SyncState, SyncSummary};
pub use token::{TokenFacts, TokenReading, TokenRefusal};
