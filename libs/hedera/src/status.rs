//! What a response code means for a payment, which depends on where it was heard.
//!
//! A node's precheck speaks about one submission; a receipt speaks about the transaction. Only a receipt ends an attempt on
//! this rail: a copy that one node refused can still be taken by another while the window is open.
//! Codes that are not in these tables are unknown, and unknown is never a failure.

mod hint;

use std::fmt;

pub use hint::hint;

use crate::hapi::ResponseCodeEnum as Code;

/// A HAPI response code, also one this library has no name for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub i32);

impl Status {
    /// OK: a node accepted a submission, or could answer a query.
    pub const OK: Self = Self(Code::Ok as i32);
    /// The transaction took effect.
    pub const SUCCESS: Self = Self(Code::Success as i32);
    /// The id was submitted or reached consensus before.
    pub const DUPLICATE_TRANSACTION: Self = Self(Code::DuplicateTransaction as i32);
    /// No receipt, or none any more.
    pub const RECEIPT_NOT_FOUND: Self = Self(Code::ReceiptNotFound as i32);

    /// HAPI's name, or `UNRECOGNISED_STATUS`.
    pub fn name(self) -> &'static str {
        self.code().map_or("UNRECOGNISED_STATUS", |code| code.as_str_name())
    }

    /// The status with HAPI's name, as mirror nodes write it in `result`. `None` for names not in our subset.
    pub fn from_name(name: &str) -> Option<Self> {
        Code::from_str_name(name).map(|code| Self(code as i32))
    }

    fn code(self) -> Option<Code> {
        Code::try_from(self.0).ok()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whose turn it is after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Nobody's: a later transaction can succeed.
    Retryable,
    /// The payee's: this account cannot be paid as it is. May also name the sender when every payee fails alike.
    Recipient,
    /// The operator's: funds, keys, permissions, the token itself. Stop and tell.
    Operator,
    /// Ours: a transaction that should never have been made.
    Bug,
    /// Somebody's who decides whether the payee may be paid. The network has no such code; other rails do.
    Compliance,
}

/// What a node's answer to a submission means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precheck {
    /// Taken. Ask for the receipt.
    Accepted,
    /// The id is known already. Ask for the receipt; it is ours only if the record's hash is that of a stored copy.
    Duplicate,
    /// Not now. Send the same id again inside its window, to this node or another.
    RetrySameId,
    /// These bytes are for another node. Send each copy to its own.
    WrongNode,
    /// The network's clock is behind the start of validity. Wait, then send the same id again.
    ClockAhead,
    /// Refused for a reason another node would most likely share. Not a proof: another copy may still be taken inside the window.
    Refused(Class),
    /// Says nothing about the outcome. Reconcile.
    Unknown,
}

/// What the status in a receipt (or in a mirror node's record) of an id means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It took effect.
    Success,
    /// No outcome yet. Ask again.
    NotYet,
    /// This copy failed in a way that leaves the id open: duplicate detection ignores it. Keep the id until its expiry is proven.
    KeepUntilExpiry,
    /// Terminal: the id had no effect and never will.
    Dead(Class),
    /// Not an outcome by itself. Look at all records of the id and their transfers.
    Unknown,
}

/// Classifies a node's answer to a submission.
pub fn precheck(status: Status) -> Precheck {
    let Some(code) = status.code() else { return Precheck::Unknown };
    #[expect(clippy::wildcard_enum_match_arm, reason = "a code without a meaning here is unknown, by design")]
    match code {
        Code::Ok => Precheck::Accepted,
        Code::DuplicateTransaction => Precheck::Duplicate,
        Code::Busy
        | Code::PlatformNotActive
        | Code::PlatformTransactionNotCreated
        | Code::WaitingForLedgerId
        | Code::CreatingSystemEntities => Precheck::RetrySameId,
        Code::InvalidNodeAccount => Precheck::WrongNode,
        Code::InvalidTransactionStart => Precheck::ClockAhead,
        Code::InsufficientTxFee => Precheck::Refused(Class::Retryable),
        Code::InvalidSignature | Code::InvalidPayerSignature => Precheck::Refused(Class::Operator),
        other => blame(other).map_or(Precheck::Unknown, Precheck::Refused),
    }
}

/// Classifies the status of a transaction that has a receipt or a record.
pub fn receipt(status: Status) -> Receipt {
    let Some(code) = status.code() else { return Receipt::Unknown };
    #[expect(clippy::wildcard_enum_match_arm, reason = "a code without a meaning here is unknown, by design")]
    match code {
        Code::Success => Receipt::Success,
        Code::Unknown | Code::ReceiptNotFound | Code::RecordNotFound => Receipt::NotYet,
        Code::InvalidNodeAccount | Code::InvalidPayerSignature => Receipt::KeepUntilExpiry,
        Code::TransactionExpired | Code::ThrottledAtConsensus | Code::InsufficientTxFee => {
            Receipt::Dead(Class::Retryable)
        }
        // A payee that wants to sign what it receives. If every payee fails so, it is the sender's key.
        Code::InvalidSignature => Receipt::Dead(Class::Recipient),
        other => blame(other).map_or(Receipt::Unknown, Receipt::Dead),
    }
}

/// A stable reason in `UPPER_SNAKE_CASE`: HAPI's name, or `UNRECOGNISED_STATUS`.
pub fn reason(status: Status) -> &'static str {
    status.name()
}

/// Codes that blame the same party wherever they are heard.
#[expect(clippy::wildcard_enum_match_arm, reason = "a code without a meaning here is unknown, by design")]
fn blame(code: Code) -> Option<Class> {
    match code {
        Code::InvalidAccountId
        | Code::AccountDeleted
        | Code::AccountExpiredAndPendingRemoval
        | Code::InvalidAliasKey
        | Code::TokenNotAssociatedToAccount
        | Code::NoRemainingAutomaticAssociations
        | Code::AccountFrozenForToken
        | Code::AccountKycNotGrantedForToken => Some(Class::Recipient),
        Code::InsufficientPayerBalance
        | Code::InsufficientAccountBalance
        | Code::InsufficientTokenBalance
        | Code::InsufficientSenderAccountBalanceForCustomFee
        | Code::PayerAccountNotFound
        | Code::PayerAccountDeleted
        | Code::Unauthorized
        | Code::NotSupported
        | Code::TokenIsPaused
        | Code::TokenWasDeleted
        | Code::InvalidTokenId
        | Code::SpenderDoesNotHaveAllowance
        | Code::AmountExceedsAllowance => Some(Class::Operator),
        // UNEXPECTED_TOKEN_DECIMALS because a transfer states them; the batch codes because no batch is ever made.
        Code::TransferListSizeLimitExceeded
        | Code::TokenTransferListSizeLimitExceeded
        | Code::AccountRepeatedInAccountAmounts
        | Code::InvalidAccountAmounts
        | Code::TransfersNotZeroSumForToken
        | Code::TransactionOversize
        | Code::MemoTooLong
        | Code::InvalidTransactionBody
        | Code::InvalidTransactionDuration
        | Code::TransactionHasUnknownFields
        | Code::CustomFeeChargingExceededMaxAccountAmounts
        | Code::UnexpectedTokenDecimals
        | Code::InnerTransactionFailed
        | Code::BatchListEmpty
        | Code::BatchTransactionInBlacklist => Some(Class::Bug),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
