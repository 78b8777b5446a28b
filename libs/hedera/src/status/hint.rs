//! What to do about a status, for the person who reads it.

use super::Status;
use crate::hapi::ResponseCodeEnum as Code;

/// One sentence: what the person who sees this status can do.
pub fn hint(status: Status) -> &'static str {
    let Ok(code) = Code::try_from(status.0) else {
        return "The network answered with a code this version does not know: the outcome is looked up on a mirror node.";
    };
    about_recipient(code).or_else(|| about_operator(code)).or_else(|| about_waiting(code)).unwrap_or(
        "This is not expected for a payout: look at the transaction on a mirror node and report it.",
    )
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other codes are other people's business")]
fn about_recipient(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::TokenNotAssociatedToAccount => {
            "The account must associate itself with the payment token; then retry."
        }
        Code::NoRemainingAutomaticAssociations => {
            "The account has no automatic association left: it must associate itself with the payment token; then retry."
        }
        Code::AccountFrozenForToken => {
            "The payment token's issuer has frozen the account: it must be unfrozen; then retry."
        }
        Code::AccountKycNotGrantedForToken => {
            "The payment token's issuer must grant the account KYC for the token; then retry."
        }
        Code::AccountDeleted | Code::AccountExpiredAndPendingRemoval => {
            "The account no longer exists: ask the recipient for another account and reissue the payout."
        }
        Code::InvalidAccountId | Code::InvalidAliasKey => {
            "There is no such account: check it with the recipient and reissue the payout."
        }
        Code::InvalidSignature => {
            "A recipient may require its own signature to receive: it must turn that off; if all recipients fail, check the funding account's key."
        }
        _ => return None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other codes are other people's business")]
fn about_operator(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::InsufficientPayerBalance => {
            "The fee payer has too little HBAR: fund it; what waits goes on by itself then, or at once by a retry."
        }
        Code::InsufficientAccountBalance | Code::InsufficientTokenBalance => {
            "The funding account has too little of the payment asset: fund it; what waits goes on by itself once all that is left is covered, or at once by a retry."
        }
        Code::InsufficientSenderAccountBalanceForCustomFee => {
            "The funding account cannot pay the token's custom fees: fund it, then resume."
        }
        Code::PayerAccountNotFound | Code::PayerAccountDeleted => {
            "The fee payer's account does not exist on this network: check the configured account and network."
        }
        Code::InvalidPayerSignature => {
            "The fee payer's key does not fit its account: check the configured key."
        }
        Code::Unauthorized | Code::NotSupported => {
            "The network does not permit this transaction to the fee payer: check the account."
        }
        Code::TokenIsPaused => {
            "The payment token is paused by its issuer: what waits goes on by itself once it is unpaused."
        }
        Code::TokenWasDeleted | Code::InvalidTokenId => {
            "The payment token does not exist on this network: check the token and network."
        }
        Code::SpenderDoesNotHaveAllowance | Code::AmountExceedsAllowance => {
            "The funding account's allowance does not cover the amount: raise it, then resume."
        }
        _ => return None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other codes are other people's business")]
fn about_waiting(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::Ok
        | Code::DuplicateTransaction
        | Code::Unknown
        | Code::ReceiptNotFound
        | Code::RecordNotFound => "The network has it: the outcome is being asked for.",
        Code::Success => "Nothing: it is paid.",
        Code::Busy
        | Code::PlatformNotActive
        | Code::PlatformTransactionNotCreated
        | Code::WaitingForLedgerId
        | Code::CreatingSystemEntities
        | Code::InvalidNodeAccount => "The same transaction is sent again, also to other nodes.",
        Code::InvalidTransactionStart => {
            "This machine's clock is ahead of the network's: correct it. The same transaction is sent again."
        }
        Code::TransactionExpired | Code::ThrottledAtConsensus => {
            "The network did not get to it in time: it is paid with a new transaction."
        }
        Code::InsufficientTxFee => "The fee limit is too low: raise it, then retry.",
        Code::FailInvalid | Code::FailFee | Code::FailBalance => {
            "The network failed internally: the outcome is looked up on a mirror node before anything else is done."
        }
        _ => return None,
    })
}
