//! What is to be transferred, and whether the network could take it at all.

use std::collections::BTreeSet;

use crate::ids::{AccountId, TokenId, TransactionId};

/// Ten balance changes are allowed in one list (HAPI, ledger.transfers.maxLen); one of them is the sender's.
pub const RECIPIENTS_MAX: usize = 9;

/// The longest memo, in bytes of UTF-8.
pub const MEMO_MAX_BYTES: usize = 100;

/// Seconds for which a transaction may be valid (HAPI, hedera.transaction.minValidDuration and maxValidDuration).
const VALID_DURATION_S: std::ops::RangeInclusive<u32> = 15..=180;

/// What is transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// HBAR; units are tinybars.
    Hbar,
    /// A fungible token; units are its smallest.
    Token {
        /// Which token.
        id: TokenId,
        /// Its decimals. The network refuses the transfer when they are others.
        decimals: u32,
    },
}

/// One transaction: one sender, up to nine recipients, all or nothing.
#[derive(Clone, Copy, Debug)]
pub struct TransferPlan<'a> {
    /// Pays the fees; its number and `valid_start_ns` are the transaction's id.
    pub payer: AccountId,
    /// The funding account. May be the payer: its fees are charged beside the transfer and not listed in it.
    pub sender: AccountId,
    /// What is transferred.
    pub asset: Asset,
    /// Who gets how many units; each at most `i64::MAX`, and so their sum.
    pub recipients: &'a [(AccountId, u64)],
    /// Carried on the ledger; at most [`MEMO_MAX_BYTES`].
    pub memo: &'a str,
    /// When the transaction becomes valid, in nanoseconds since the Unix epoch.
    pub valid_start_ns: i64,
    /// How long it stays valid, 15 to 180 seconds.
    pub valid_duration_s: u32,
    /// The most the payer accepts to be charged.
    pub max_fee_tinybars: u64,
    /// The nodes it may be sent to; one signed copy is made for each.
    pub nodes: &'a [AccountId],
}

/// Why a plan cannot be a transaction. Each is a mistake of the caller's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// Nobody to pay.
    #[error("no recipients")]
    NoRecipients,
    /// More than one transaction can pay.
    #[error("{0} recipients; a transaction has room for {RECIPIENTS_MAX}")]
    TooManyRecipients(usize),
    /// A recipient would get nothing.
    #[error("the amount for {0} is zero")]
    ZeroAmount(AccountId),
    /// An amount or the sum of all does not fit the network's signed 64 bits.
    #[error("the amounts up to that for {0} exceed what the network can carry")]
    AmountTooLarge(AccountId),
    /// A recipient is named twice.
    #[error("{0} is a recipient twice")]
    RepeatedRecipient(AccountId),
    /// The sender would pay itself.
    #[error("the sender {0} is among the recipients")]
    SenderIsRecipient(AccountId),
    /// The memo is too long.
    #[error("the memo has {0} bytes; {MEMO_MAX_BYTES} are allowed")]
    MemoTooLong(usize),
    /// The network refuses a zero byte in a text.
    #[error("the memo contains a zero byte")]
    MemoHasZeroByte,
    /// The validity is outside what the network allows.
    #[error("valid for {0} s; 15 to 180 are allowed")]
    ValidDuration(u32),
    /// The validity begins before the Unix epoch or ends past what 64 bits of nanoseconds hold.
    #[error("the validity starting at {0} ns is out of range")]
    ValidStart(i64),
    /// The fee limit is zero or beyond signed 64 bits.
    #[error("a fee limit of {0} tinybars is out of range")]
    MaxFee(u64),
    /// No node to send it to.
    #[error("no nodes")]
    NoNodes,
    /// A node is named twice; its copies would be the same.
    #[error("node {0} is named twice")]
    RepeatedNode(AccountId),
    /// The sender is not the payer, and its key was not given.
    #[error("the sender's key is missing")]
    SenderKeyMissing,
    /// The signed transaction is larger than nodes take.
    #[error("the transaction has {0} bytes")]
    TooLarge(usize),
}

impl PrepareError {
    /// A stable name in `UPPER_SNAKE_CASE`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoRecipients => "TRANSFER_NO_RECIPIENTS",
            Self::TooManyRecipients(_) => "TRANSFER_TOO_MANY_RECIPIENTS",
            Self::ZeroAmount(_) => "TRANSFER_ZERO_AMOUNT",
            Self::AmountTooLarge(_) => "TRANSFER_AMOUNT_TOO_LARGE",
            Self::RepeatedRecipient(_) => "TRANSFER_REPEATED_RECIPIENT",
            Self::SenderIsRecipient(_) => "TRANSFER_SENDER_IS_RECIPIENT",
            Self::MemoTooLong(_) => "TRANSFER_MEMO_TOO_LONG",
            Self::MemoHasZeroByte => "TRANSFER_MEMO_HAS_ZERO_BYTE",
            Self::ValidDuration(_) => "TRANSFER_VALID_DURATION",
            Self::ValidStart(_) => "TRANSFER_VALID_START",
            Self::MaxFee(_) => "TRANSFER_MAX_FEE",
            Self::NoNodes => "TRANSFER_NO_NODES",
            Self::RepeatedNode(_) => "TRANSFER_REPEATED_NODE",
            Self::SenderKeyMissing => "TRANSFER_SENDER_KEY_MISSING",
            Self::TooLarge(_) => "TRANSFER_TOO_LARGE",
        }
    }
}

impl TransferPlan<'_> {
    /// The id all copies share.
    pub fn transaction_id(&self) -> TransactionId {
        TransactionId::new(self.payer, self.valid_start_ns)
    }

    /// The end of its validity: no copy can take effect at a consensus time after it.
    pub fn expiry_ns(&self) -> Option<i64> {
        self.valid_start_ns.checked_add(i64::from(self.valid_duration_s).checked_mul(crate::time::NS_PER_S)?)
    }

    /// Checks everything and returns what the sender gives: the sum of all amounts, 1 to `i64::MAX`.
    pub(super) fn check(&self) -> Result<i64, PrepareError> {
        self.check_envelope()?;
        self.check_nodes()?;
        self.check_recipients()
    }

    fn check_envelope(&self) -> Result<(), PrepareError> {
        if self.memo.len() > MEMO_MAX_BYTES {
            return Err(PrepareError::MemoTooLong(self.memo.len()));
        }
        if self.memo.contains('\0') {
            return Err(PrepareError::MemoHasZeroByte);
        }
        if !VALID_DURATION_S.contains(&self.valid_duration_s) {
            return Err(PrepareError::ValidDuration(self.valid_duration_s));
        }
        if self.valid_start_ns < 0 || self.expiry_ns().is_none() {
            return Err(PrepareError::ValidStart(self.valid_start_ns));
        }
        if self.max_fee_tinybars == 0 || i64::try_from(self.max_fee_tinybars).is_err() {
            return Err(PrepareError::MaxFee(self.max_fee_tinybars));
        }
        Ok(())
    }

    fn check_nodes(&self) -> Result<(), PrepareError> {
        if self.nodes.is_empty() {
            return Err(PrepareError::NoNodes);
        }
        let mut seen = BTreeSet::new();
        match self.nodes.iter().find(|node| !seen.insert(**node)) {
            Some(node) => Err(PrepareError::RepeatedNode(*node)),
            None => Ok(()),
        }
    }

    fn check_recipients(&self) -> Result<i64, PrepareError> {
        if self.recipients.is_empty() {
            return Err(PrepareError::NoRecipients);
        }
        if self.recipients.len() > RECIPIENTS_MAX {
            return Err(PrepareError::TooManyRecipients(self.recipients.len()));
        }
        let mut seen = BTreeSet::new();
        let mut sum = 0_i64;
        for &(account, units) in self.recipients {
            if account == self.sender {
                return Err(PrepareError::SenderIsRecipient(account));
            }
            if !seen.insert(account) {
                return Err(PrepareError::RepeatedRecipient(account));
            }
            if units == 0 {
                return Err(PrepareError::ZeroAmount(account));
            }
            sum = i64::try_from(units)
                .ok()
                .and_then(|units| sum.checked_add(units))
                .ok_or(PrepareError::AmountTooLarge(account))?;
        }
        Ok(sum)
    }
}
