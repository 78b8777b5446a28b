//! Fungible tokens and who holds them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{EntityId, Timestamp};
use super::versioned::Versioned;

/// One account's relation to one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the network's own independent properties")]
pub struct Holding {
    /// In the token's smallest units.
    pub balance: u64,
    /// Whether the relation exists (a dissociated one keeps its past).
    pub associated: bool,
    /// Whether it came about by receiving the token.
    pub automatic: bool,
    /// Whether the account may neither send nor receive.
    pub frozen: bool,
    /// Whether KYC was granted; always true for tokens without a KYC key.
    pub kyc: bool,
}

/// A fee the token's issuer takes from transfers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CustomFee {
    /// A fixed amount for each sender.
    Fixed {
        /// In units of the denominating asset.
        amount: u64,
        /// The token it is paid in; HBAR when absent.
        #[serde(default)]
        denominating_token: Option<EntityId>,
        /// Who gets it.
        collector: EntityId,
    },
    /// A part of what is transferred.
    Fractional {
        /// Of the fraction.
        numerator: u64,
        /// Of the fraction; not 0.
        denominator: u64,
        /// The least, in units.
        #[serde(default)]
        minimum: u64,
        /// The most, in units.
        #[serde(default)]
        maximum: Option<u64>,
        /// True: the sender pays it on top. False: each receiver gets that much less.
        #[serde(default)]
        net_of_transfers: bool,
        /// Who gets it.
        collector: EntityId,
    },
}

impl CustomFee {
    /// Who gets it.
    pub fn collector(&self) -> u64 {
        match self {
            Self::Fixed { collector, .. } | Self::Fractional { collector, .. } => collector.0,
        }
    }
}

/// A fungible token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the network's own independent properties")]
pub struct Token {
    /// The N of 0.0.N.
    pub number: u64,
    /// Its name.
    pub name: String,
    /// Its ticker.
    pub symbol: String,
    /// How many of the units' digits are fractional.
    pub decimals: u32,
    /// All units there are, at most `i64::MAX`.
    pub supply: Versioned<u64>,
    /// The account that is given new units and whose units can be burnt.
    pub treasury: Versioned<u64>,
    /// Whether someone can freeze accounts.
    pub freeze_key: bool,
    /// Whether accounts need KYC.
    pub kyc_key: bool,
    /// Whether someone can pause the token.
    pub pause_key: bool,
    /// Whether new relations start frozen.
    pub freeze_default: bool,
    /// Whether nothing moves.
    pub paused: Versioned<bool>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// What transfers cost beside the network's fee.
    pub custom_fees: Vec<CustomFee>,
    /// A note.
    pub memo: String,
    /// Relations by account number.
    pub holdings: BTreeMap<u64, Versioned<Holding>>,
}

impl Token {
    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.paused.since()
    }

    /// The last change at or before `moment` of what the mirror node counts as the token's own.
    pub fn modified_at(&self, moment: Timestamp) -> Option<Timestamp> {
        self.treasury.changed_at(moment).max(self.paused.changed_at(moment))
    }

    /// The relation of an account now, if they are associated.
    pub fn holding(&self, account: u64) -> Option<Holding> {
        self.holdings.get(&account).map(Versioned::now).filter(|holding| holding.associated)
    }

    /// How a fresh relation looks under the token's rules.
    pub fn fresh_holding(&self, automatic: bool) -> Holding {
        Holding {
            balance: 0,
            associated: true,
            automatic,
            frozen: self.freeze_key && self.freeze_default,
            kyc: !self.kyc_key,
        }
    }

    /// Sets the relation of an account from `at` on.
    pub fn set_holding(&mut self, at: Timestamp, account: u64, holding: Holding) {
        self.holdings
            .entry(account)
            .and_modify(|kept| kept.set(at, holding))
            .or_insert_with(|| Versioned::new(at, holding));
    }
}
