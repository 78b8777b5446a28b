//! Everything that can change the world. The journal is a list of these; replaying it gives the same ledger.

use serde::{Deserialize, Serialize};

use super::ids::{EntityId, EvmAddress, PublicKey, Timestamp};
use super::status::{Status, optional_name};
use super::token::CustomFee;
use super::transaction::{AccountRef, Submission};

/// One change, applied at one consensus time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The beginning of the world; always first, and only once.
    Genesis(Genesis),
    /// A new account.
    CreateAccount(NewAccount),
    /// Other properties for an account.
    UpdateAccount(AccountUpdate),
    /// A new token, with its first holders.
    CreateToken(NewToken),
    /// Units minted to holders.
    AddHolders(NewHolders),
    /// Units of the treasury taken out of existence.
    Burn(Burn),
    /// Other properties for a token.
    UpdateToken(TokenUpdate),
    /// Association, freeze and KYC of one account.
    UpdateRelation(RelationUpdate),
    /// Units moved by decree, outside any transaction.
    Move(Move),
    /// The balances as they are now become stored balances.
    StoreBalances,
    /// A transaction reaches consensus.
    Submit(Box<Submitted>),
}

/// What the world starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// The operator's Ed25519 seed; a sandbox has no secrets, and a restart must keep the key.
    pub operator_seed: PublicKey,
    /// Its public key.
    pub operator_key: PublicKey,
    /// Accounts of the consensus nodes.
    pub nodes: Vec<u64>,
}

/// An account to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewAccount {
    /// Who signs for it.
    pub key: Option<PublicKey>,
    /// Its EVM address.
    pub evm_address: Option<EvmAddress>,
    /// Its first balance, taken from the network's treasury.
    pub tinybars: u64,
    /// A note.
    pub memo: String,
    /// Whether it must sign to receive.
    pub receiver_sig_required: bool,
    /// How many tokens may be associated by receiving them; -1 (when absent) is no limit.
    pub max_automatic_token_associations: Option<i32>,
    /// Whether it is a contract.
    pub contract: bool,
}

/// Properties to set on an account; absent ones stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUpdate {
    /// Whose.
    pub account: EntityId,
    /// See [`AccountPatch`].
    #[serde(flatten)]
    pub patch: AccountPatch,
}

/// Properties to set on an account; absent ones stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountPatch {
    /// Who signs for it.
    pub key: Option<PublicKey>,
    /// Whether it must sign to receive.
    pub receiver_sig_required: Option<bool>,
    /// How many tokens may be associated by receiving them.
    pub max_automatic_token_associations: Option<i32>,
    /// True deletes it; false brings it back.
    pub deleted: Option<bool>,
    /// Whether it is a contract.
    pub contract: Option<bool>,
    /// A note.
    pub memo: Option<String>,
}

/// A token to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are the network's own independent properties")]
pub struct NewToken {
    /// Its name.
    pub name: String,
    /// Its ticker.
    pub symbol: String,
    /// How many of the units' digits are fractional.
    pub decimals: u32,
    /// Who gets the first units.
    pub treasury: EntityId,
    /// Units the treasury starts with.
    pub treasury_units: u64,
    /// Whether someone can freeze accounts.
    pub freeze_key: bool,
    /// Whether accounts need KYC.
    pub kyc_key: bool,
    /// Whether someone can pause the token.
    pub pause_key: bool,
    /// Whether new relations start frozen.
    pub freeze_default: bool,
    /// What transfers cost beside the network's fee.
    pub custom_fees: Vec<CustomFee>,
    /// A note.
    pub memo: String,
    /// Who else holds it from the start.
    pub holders: Vec<Holder>,
    /// Whether the balances become stored balances at once.
    pub store_balances: bool,
}

/// Somebody who holds so many units: JSON `[account, units]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder(pub AccountRef, pub u64);

/// Units to mint to holders; unknown accounts are created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewHolders {
    /// Of which token.
    pub token: EntityId,
    /// To whom, how much.
    pub holders: Vec<Holder>,
    /// Whether the balances become stored balances at once.
    pub store_balances: bool,
}

/// Units to burn: as on the network, the treasury's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burn {
    /// Of which token.
    pub token: EntityId,
    /// How many.
    pub units: u64,
}

/// Properties to set on a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenUpdate {
    /// Which.
    pub token: EntityId,
    /// See [`TokenPatch`].
    #[serde(flatten)]
    pub patch: TokenPatch,
}

/// Properties to set on a token; absent ones stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenPatch {
    /// Whether nothing moves.
    pub paused: Option<bool>,
    /// True deletes it.
    pub deleted: Option<bool>,
    /// Who is the treasury from now on: all that the old one holds becomes the new one's, as by a `TokenUpdate`.
    pub treasury: Option<EntityId>,
    /// What transfers cost from now on.
    pub custom_fees: Option<Vec<CustomFee>>,
}

/// The relation of an account to a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationUpdate {
    /// Which token.
    pub token: EntityId,
    /// Which account.
    pub account: EntityId,
    /// See [`RelationPatch`].
    #[serde(flatten)]
    pub patch: RelationPatch,
}

/// What to set on a relation; absent ones stay. Freezing or granting KYC associates first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelationPatch {
    /// False needs a zero balance.
    pub associated: Option<bool>,
    /// Whether the account may neither send nor receive.
    pub frozen: Option<bool>,
    /// Whether KYC is granted.
    pub kyc: Option<bool>,
}

/// Units moved by decree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Of which token; HBAR when absent.
    #[serde(default)]
    pub token: Option<EntityId>,
    /// From whom.
    pub from: EntityId,
    /// To whom.
    pub to: EntityId,
    /// How many.
    pub units: u64,
}

/// A transaction that reached consensus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The transaction.
    pub transaction: Submission,
    /// A status a fault imposes instead of the effect.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_name")]
    pub forced: Option<Status>,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An account or a token was created.
    Created(EntityId),
    /// The change was made at this time.
    Done(Timestamp),
    /// A transaction got this status.
    Consensus(Status),
}

/// Why a change cannot be made. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// It names something that is not there.
    #[error("there is no {what} {id}")]
    NotFound {
        /// "account" or "token".
        what: &'static str,
        /// Its id.
        id: EntityId,
    },
    /// It contradicts what is there, or itself.
    #[error("{0}")]
    Conflict(String),
    /// One of the holders cannot hold what it should.
    #[error("holder {index}: {reason}")]
    Holder {
        /// Position in the list, from 0.
        index: usize,
        /// Why not.
        reason: String,
    },
}
