//! Something that can be paid on.

use std::time::SystemTime;

use ids::AssetId;
use money::{Amount, AssetCode, AssetKind};

use super::token::TokenFacts;

/// What an asset is. Which kinds of distribution it can have follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssetType {
    /// Shares.
    Equity,
    /// Bonds.
    Bond,
    /// Anything else.
    Other,
}

impl AssetType {
    /// The name in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Equity => "EQUITY",
            Self::Bond => "BOND",
            Self::Other => "OTHER",
        }
    }

    /// The type with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Equity, Self::Bond, Self::Other].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What only a bond has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BondTerms {
    /// Principal of one whole token, above zero.
    pub nominal_value: Amount,
    /// When the principal is due.
    pub maturity_at: SystemTime,
}

/// What whoever imports a token says it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    /// Shares.
    Equity,
    /// A bond, which always has terms.
    Bond(BondTerms),
    /// Anything else.
    Other,
}

impl Terms {
    /// The type these terms are of.
    pub(crate) const fn asset_type(&self) -> AssetType {
        match self {
            Self::Equity => AssetType::Equity,
            Self::Bond(_) => AssetType::Bond,
            Self::Other => AssetType::Other,
        }
    }

    /// The bond's terms.
    pub(crate) const fn bond(&self) -> Option<&BondTerms> {
        match self {
            Self::Bond(terms) => Some(terms),
            Self::Equity | Self::Other => None,
        }
    }
}

/// Who paused an asset or ended its pause, when and why. While it is paused in Bursar, no new distribution of it is created,
/// none is executed, and its runs are held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: SystemTime,
}

/// Where the pause of an asset stands that was paused at least once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PauseState {
    /// Which asset.
    pub asset: AssetId,
    /// Raised by each change: of two states, the one with the higher version is the later.
    pub version: i64,
    /// Whether it is paused.
    pub paused: bool,
    /// The word that made it so.
    pub last: Word,
}

/// A token whose holders get distributions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Its id.
    pub id: AssetId,
    /// Its token, on its network.
    pub code: AssetCode,
    /// What it stands for.
    pub terms: Terms,
    /// What the network said of the token when it was last read.
    pub token: TokenFacts,
    /// The pause in Bursar, if it is paused.
    pub pause: Option<Word>,
    /// Whether the holder service was told of it.
    pub registered: bool,
    /// When it was imported.
    pub created_at: SystemTime,
    /// When anything of it last changed.
    pub updated_at: SystemTime,
}

impl Asset {
    /// The token's id on the network (`0.0.456858`).
    pub(crate) fn token_id(&self) -> &str {
        token_id(&self.code)
    }
}

/// The token's id in a token's code; empty for what is no token.
pub(super) fn token_id(code: &AssetCode) -> &str {
    match code.parts() {
        AssetKind::Token { token, .. } => token,
        AssetKind::Hbar { .. } | AssetKind::Fiat { .. } => "",
    }
}

#[cfg(test)]
mod tests {
    use super::AssetType;

    #[test]
    fn every_type_is_found_by_its_name() {
        for kind in [AssetType::Equity, AssetType::Bond, AssetType::Other] {
            assert_eq!(AssetType::named(kind.as_str()), Some(kind));
        }
        assert_eq!(AssetType::named("equity"), None);
    }
}
