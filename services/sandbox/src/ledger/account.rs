//! Accounts and contracts.

use super::ids::{EvmAddress, PublicKey, Timestamp};
use super::versioned::Versioned;

/// An account (or a contract, which the network treats as one that no key signs for).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The N of 0.0.N.
    pub number: u64,
    /// The EVM address it was created with, if any.
    pub alias: Option<EvmAddress>,
    /// Who signs for it; `None` for hollow accounts and contracts, which cannot send.
    pub key: Option<PublicKey>,
    /// In tinybars.
    pub balance: Versioned<u64>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Whether it must sign to receive.
    pub receiver_sig_required: bool,
    /// How many tokens may be associated by receiving them; -1 is no limit.
    pub max_automatic_associations: i32,
    /// How many were.
    pub automatic_associations: u32,
    /// Whether it is a contract.
    pub contract: bool,
    /// A note.
    pub memo: String,
}

impl Account {
    /// An account with nothing special about it.
    pub fn plain(number: u64, created_at: Timestamp) -> Self {
        Self {
            number,
            alias: None,
            key: None,
            balance: Versioned::new(created_at, 0),
            deleted_at: None,
            receiver_sig_required: false,
            max_automatic_associations: -1,
            automatic_associations: 0,
            contract: false,
            memo: String::new(),
        }
    }

    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.balance.since()
    }

    /// The address EVM tools know it by: its alias, or the long-zero form of its number.
    pub fn evm_address(&self) -> EvmAddress {
        self.alias.unwrap_or_else(|| EvmAddress::of_number(self.number))
    }

    /// Whether one more token may be associated by receiving it.
    pub fn has_free_association(&self) -> bool {
        match u32::try_from(self.max_automatic_associations) {
            Ok(most) => self.automatic_associations < most,
            Err(_unlimited) => true,
        }
    }
}
