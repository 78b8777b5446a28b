//! What a distribution is for, whose duty it is, what an asset is, and which fit each other.

/// What a distribution is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A share of profits.
    Dividend,
    /// Interest.
    Coupon,
    /// Anything else.
    Custom,
    /// A bond's principal.
    Redemption,
    /// A list of payees that stands for no asset's holders.
    List,
}

/// Two duties that roles hold apart, each with a service of its own: whose work a distribution is follows from its kind,
/// and neither can touch the other's, whatever id it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Everything but redemptions, in `DistributionService`.
    Payout,
    /// Redemptions, in `RedemptionService`.
    Cashout,
}

/// What an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssetType {
    /// Shares.
    Equity,
    /// A bond.
    Bond,
    /// Anything else.
    Other,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 5] =
        [Self::Dividend, Self::Coupon, Self::Custom, Self::Redemption, Self::List];

    /// The name in the database and in messages.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Dividend => "DIVIDEND",
            Self::Coupon => "COUPON",
            Self::Custom => "CUSTOM",
            Self::Redemption => "REDEMPTION",
            Self::List => "LIST",
        }
    }

    /// The kind with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether it pays with it what earlier distributions carried forward: principal is paid alone, and who is on a list has
    /// what the list says.
    pub(crate) const fn brings_forward(self) -> bool {
        match self {
            Self::Dividend | Self::Coupon | Self::Custom => true,
            Self::Redemption | Self::List => false,
        }
    }

    /// Whether an asset of this type can have such a distribution.
    pub(crate) const fn fits(self, asset: AssetType) -> bool {
        match self {
            Self::Dividend => matches!(asset, AssetType::Equity),
            Self::Coupon | Self::Redemption => matches!(asset, AssetType::Bond),
            Self::Custom => true,
            Self::List => false,
        }
    }

    /// Whose work it is.
    pub(crate) const fn duty(self) -> Duty {
        match self {
            Self::Dividend | Self::Coupon | Self::Custom | Self::List => Duty::Payout,
            Self::Redemption => Duty::Cashout,
        }
    }
}

impl AssetType {
    /// The name in messages.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Equity => "EQUITY",
            Self::Bond => "BOND",
            Self::Other => "OTHER",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AssetType, Kind};

    #[test]
    fn dividends_are_for_shares_coupons_and_redemptions_for_bonds_custom_for_all_and_lists_for_none() {
        let table = [
            (Kind::Dividend, [true, false, false]),
            (Kind::Coupon, [false, true, false]),
            (Kind::Custom, [true, true, true]),
            (Kind::Redemption, [false, true, false]),
            (Kind::List, [false, false, false]),
        ];
        for (kind, fits) in table {
            for (asset, fits) in [AssetType::Equity, AssetType::Bond, AssetType::Other].into_iter().zip(fits)
            {
                assert_eq!(kind.fits(asset), fits, "{kind:?} on {asset:?}");
            }
        }
    }
}
