//! The simulated network's state and rules, without IO, clock or randomness.
//!
//! [`Ledger::apply`] is the only way to change it, and what it does follows from the change and its consensus time alone:
//! replaying the same changes gives the same ledger.
//!
//! Simplified against the real network, on purpose: fees go to 0.0.98 whole; transfers to unknown EVM addresses fail
//! (`INVALID_ACCOUNT_ID`) instead of creating accounts; there are no allowances, so a line marked as approved fails
//! (`SPENDER_DOES_NOT_HAVE_ALLOWANCE`); a copy refused for its node's fault is not charged to anyone; fractional custom
//! fees are computed for each receiver.

pub mod account;
mod admin;
pub mod change;
mod consensus;
mod custom_fees;
pub mod fees;
mod genesis;
pub mod history;
pub mod ids;
mod precheck;
pub mod status;
pub mod submit;
pub mod token;
pub mod transaction;
mod treasury;
pub mod versioned;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use account::Account;
use change::{Change, ChangeError, Outcome};
use history::History;
use ids::{EvmAddress, PublicKey, Timestamp, TransactionId};
use token::Token;
use transaction::AccountRef;

pub use genesis::{FEE_ACCOUNT, FIRST_FREE_NUMBER, ISSUER, NETWORK_TREASURY, OPERATOR};

/// The state of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    accounts: BTreeMap<u64, Account>,
    aliases: HashMap<EvmAddress, u64>,
    tokens: BTreeMap<u64, Token>,
    next_number: u64,
    nodes: Vec<u64>,
    operator_seed: Option<PublicKey>,
    operator_key: Option<PublicKey>,
    payment_token: Option<u64>,
    started_at: Timestamp,
    last: Timestamp,
    stored: BTreeSet<Timestamp>,
    history: History,
    in_flight: HashSet<(u64, TransactionId)>,
}

impl Ledger {
    /// The consensus time the next change gets: now, but always after the last one.
    pub fn next_consensus(&self, now: Timestamp) -> Timestamp {
        now.max(Timestamp(self.last.0 + 1))
    }

    /// Makes a change at a consensus time, which must be later than all before, or says why it cannot be made.
    pub fn apply(&mut self, at: Timestamp, change: &Change) -> Result<Outcome, ChangeError> {
        debug_assert!(at > self.last, "consensus times strictly increase");
        let outcome = match change {
            Change::Genesis(genesis) => self.begin(at, genesis).map(|()| Outcome::Done(at)),
            Change::CreateAccount(new) => self.create_account(at, new).map(Outcome::Created),
            Change::UpdateAccount(update) => self.update_account(at, update).map(|()| Outcome::Done(at)),
            Change::CreateToken(new) => self.create_token(at, new).map(Outcome::Created),
            Change::AddHolders(new) => self.add_holders(at, new).map(|()| Outcome::Done(at)),
            Change::Burn(order) => self.burn(at, order).map(|()| Outcome::Done(at)),
            Change::UpdateToken(update) => self.update_token(at, update).map(|()| Outcome::Done(at)),
            Change::UpdateRelation(update) => self.update_relation(at, update).map(|()| Outcome::Done(at)),
            Change::Move(order) => self.move_units(at, order).map(|()| Outcome::Done(at)),
            Change::StoreBalances => {
                self.stored.insert(at);
                Ok(Outcome::Done(at))
            }
            Change::Submit(submitted) => Ok(Outcome::Consensus(self.handle(at, submitted))),
        }?;
        self.last = at;
        Ok(outcome)
    }

    /// An account or contract by number.
    pub fn account(&self, number: u64) -> Option<&Account> {
        self.accounts.get(&number)
    }

    /// All accounts and contracts by number.
    pub fn accounts(&self) -> &BTreeMap<u64, Account> {
        &self.accounts
    }

    /// A token by number.
    pub fn token(&self, number: u64) -> Option<&Token> {
        self.tokens.get(&number)
    }

    /// All tokens by number.
    pub fn tokens(&self) -> &BTreeMap<u64, Token> {
        &self.tokens
    }

    /// The number an account goes by, if the reference can name one.
    pub fn resolve(&self, account: AccountRef) -> Option<u64> {
        match account {
            AccountRef::Number(number) => Some(number),
            AccountRef::Address(address) => {
                self.aliases.get(&address).copied().or_else(|| address.long_zero())
            }
        }
    }

    /// What reached consensus.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The accounts of the consensus nodes.
    pub fn nodes(&self) -> &[u64] {
        &self.nodes
    }

    /// The operator's Ed25519 seed.
    pub fn operator_seed(&self) -> Option<PublicKey> {
        self.operator_seed
    }

    /// The operator's public key, which is also every token's key.
    pub fn operator_key(&self) -> Option<PublicKey> {
        self.operator_key
    }

    /// The token the world is born with.
    pub fn payment_token(&self) -> Option<u64> {
        self.payment_token
    }

    /// When the world began; `None` before it did.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.operator_seed.map(|_| self.started_at)
    }

    /// The consensus time of the latest change.
    pub fn last_consensus(&self) -> Timestamp {
        self.last
    }

    /// The latest moment at or before `moment` whose balances are stored: a point of the grid, or one asked for.
    pub fn stored_at_or_before(&self, moment: Timestamp, grid_seconds: u64) -> Option<Timestamp> {
        let grid = moment.seconds().checked_div(grid_seconds).map(|points| points * grid_seconds);
        let grid = grid.map(|seconds| Timestamp::default().plus_seconds(seconds));
        let grid = grid.filter(|point| *point >= self.started_at);
        grid.max(self.stored.range(..=moment).next_back().copied())
    }

    fn set_balance(&mut self, at: Timestamp, number: u64, balance: u64) {
        if let Some(account) = self.accounts.get_mut(&number) {
            account.balance.set(at, balance);
        }
    }
}
