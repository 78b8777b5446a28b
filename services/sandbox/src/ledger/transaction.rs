//! A submitted transfer as the ledger sees it: decoded, its signatures already checked.

use serde::{Deserialize, Serialize};

use super::ids::{EvmAddress, PublicKey, TransactionHash, TransactionId};

/// An account as a transaction names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AccountRef {
    /// By number.
    Number(u64),
    /// By EVM address, long-zero or alias.
    Address(EvmAddress),
}

/// One line of a transfer list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Whose balance changes.
    pub account: AccountRef,
    /// By how much: tinybars, or the token's smallest units; negative when sent.
    pub units: i64,
    /// Whether it spends an allowance.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approval: bool,
}

/// The adjustments of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAdjustments {
    /// The token's number.
    pub token: u64,
    /// The decimals the sender believes the token has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_decimals: Option<u32>,
    /// Who sends and who receives.
    pub adjustments: Vec<Adjustment>,
}

/// A transfer as submitted. Everything the ledger decides follows from this and the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// What it is deduplicated by.
    pub id: TransactionId,
    /// The node the payer addressed it to.
    pub node: u64,
    /// The most the payer is willing to pay, in tinybars.
    pub max_fee: u64,
    /// Length of the validity window.
    pub valid_seconds: i64,
    /// The payer's note, at most 100 bytes.
    pub memo: String,
    /// HBAR adjustments.
    pub hbar: Vec<Adjustment>,
    /// Token adjustments.
    pub tokens: Vec<TokenAdjustments>,
    /// SHA-384 of the signed bytes.
    pub hash: TransactionHash,
    /// Length of the transaction in bytes.
    pub bytes: u64,
    /// Number of signatures it carries.
    pub signatures: u64,
    /// Keys whose signatures were verified.
    pub signers: Vec<PublicKey>,
}

impl Submission {
    /// Every adjustment, HBAR first.
    pub fn adjustments(&self) -> impl Iterator<Item = &Adjustment> {
        self.hbar.iter().chain(self.tokens.iter().flat_map(|list| &list.adjustments))
    }
}
