//! Money: amounts of assets, exact rates, and the rules that turn a holding into an entitlement.
//!
//! Invariants, here and everywhere above:
//! * An amount is an integer count of an asset's smallest unit. There are no floats and no hidden rounding: each
//!   rule says where it rounds, and in which direction.
//! * Arithmetic is checked. What does not fit 128 bits is an error, never a wrapped or a clamped number;
//!   intermediate products are 256 bits wide.
//! * Text is read strictly and one value has one canonical text ("1e3", "+5", "0x10", " 1", "01" are errors).
//!
//! Pure: no IO, no async, no clock. `docs/ENTITLEMENTS.md` states the same rules in words.

mod amount;
mod asset;
mod currency;
mod decimal;
mod network;
mod per_token;
mod percent;
mod split;
mod text;
mod wide;

pub use amount::{Amount, AmountError, Units};
pub use asset::{AssetCode, AssetKind, ParseAssetCodeError};
pub use currency::minor_unit_decimals;
pub use decimal::Decimal;
pub use network::{Network, ParseNetworkError};
pub use per_token::per_token;
pub use percent::{Rounding, percent_of};
pub use split::{Split, SplitError, Weight, split_pool};
pub use text::{ParseAmountError, format_units, parse_units};

/// The exact result does not fit its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exact result does not fit")]
pub struct Overflow;
