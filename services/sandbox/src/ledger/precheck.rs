//! What a node checks before it lets a transaction go to consensus. Nothing is changed, nothing is charged.

use super::Ledger;
use super::fees;
use super::history::CACHE_SECONDS;
use super::ids::{PublicKey, Timestamp};
use super::status::Status;
use super::transaction::{AccountRef, Adjustment, Submission};

/// Longest memo in bytes.
const MAX_MEMO_BYTES: usize = 100;
/// Shortest and longest validity window, in seconds.
const MIN_VALID_SECONDS: u64 = 15;
const MAX_VALID_SECONDS: u64 = 180;
/// A node refuses what would expire so soon that it may not reach consensus in time, in seconds.
const MIN_VALIDITY_BUFFER_SECONDS: u64 = 10;

const _: () = assert!(CACHE_SECONDS >= MAX_VALID_SECONDS, "an id is remembered as long as it can be valid");

impl Ledger {
    /// Answers as the node `node` does when the transaction arrives at `now`; `Status::Ok` lets it pass.
    pub fn precheck(&self, now: Timestamp, node: u64, transaction: &Submission) -> Status {
        let checks = Self::precheck_message(now, node, transaction).and_then(|()| {
            if self.is_duplicate(now, node, transaction) {
                return Err(Status::DuplicateTransaction);
            }
            check_lists(transaction)?;
            self.precheck_payer(transaction)
        });
        checks.err().unwrap_or(Status::Ok)
    }

    /// Keys that must have signed for the transaction to succeed: the payer's, every sender's, and those of receivers
    /// who want to be asked.
    pub fn required_keys(&self, transaction: &Submission) -> Vec<PublicKey> {
        let payer = self.account(transaction.id.payer).and_then(|account| account.key);
        let others = transaction.adjustments().filter_map(|line| {
            let account = self.account(self.resolve(line.account)?)?;
            account.key.filter(|_| line.units < 0 || account.receiver_sig_required)
        });
        let mut keys: Vec<_> = payer.into_iter().chain(others).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The fee, which depends on whether a token has custom fees.
    pub(super) fn fee(&self, transaction: &Submission) -> u64 {
        let custom = transaction
            .tokens
            .iter()
            .any(|list| self.token(list.token).is_some_and(|token| !token.custom_fees.is_empty()));
        fees::tinybars(transaction, custom)
    }

    fn precheck_message(now: Timestamp, node: u64, transaction: &Submission) -> Result<(), Status> {
        if transaction.node != node {
            return Err(Status::InvalidNodeAccount);
        }
        if transaction.memo.len() > MAX_MEMO_BYTES {
            return Err(Status::MemoTooLong);
        }
        if transaction.memo.contains('\0') {
            return Err(Status::InvalidZeroByteInString);
        }
        let valid = u64::try_from(transaction.valid_seconds).ok();
        let valid = valid.filter(|seconds| (MIN_VALID_SECONDS..=MAX_VALID_SECONDS).contains(seconds));
        let valid = valid.ok_or(Status::InvalidTransactionDuration)?;
        let start = transaction.id.valid_start;
        if now > start.plus_seconds(valid - MIN_VALIDITY_BUFFER_SECONDS) {
            return Err(Status::TransactionExpired);
        }
        if start > now {
            return Err(Status::InvalidTransactionStart);
        }
        Ok(())
    }

    fn is_duplicate(&self, now: Timestamp, node: u64, transaction: &Submission) -> bool {
        self.history.original(&transaction.id, now).is_some() || self.is_in_flight(node, &transaction.id)
    }

    fn precheck_payer(&self, transaction: &Submission) -> Result<(), Status> {
        let payer = self.account(transaction.id.payer).ok_or(Status::PayerAccountNotFound)?;
        if payer.deleted_at.is_some() {
            return Err(Status::PayerAccountDeleted);
        }
        let key = payer.key.ok_or(Status::InvalidSignature)?;
        if !transaction.signers.contains(&key) {
            return Err(Status::InvalidSignature);
        }
        let fee = self.fee(transaction);
        if transaction.max_fee < fee {
            return Err(Status::InsufficientTxFee);
        }
        if payer.balance.now() < fee {
            return Err(Status::InsufficientPayerBalance);
        }
        Ok(())
    }
}

/// Rules for the lists that need no state.
fn check_lists(transaction: &Submission) -> Result<(), Status> {
    if sum(&transaction.hbar) != 0 {
        return Err(Status::InvalidAccountAmounts);
    }
    if has_repeated_account(&transaction.hbar) {
        return Err(Status::AccountRepeatedInAccountAmounts);
    }
    for (index, list) in transaction.tokens.iter().enumerate() {
        if list.token == 0 {
            return Err(Status::InvalidTokenId);
        }
        if transaction.tokens[..index].iter().any(|earlier| earlier.token == list.token) {
            return Err(Status::TokenIdRepeatedInTokenList);
        }
        if list.adjustments.is_empty() {
            return Err(Status::EmptyTokenTransferAccountAmounts);
        }
        if has_repeated_account(&list.adjustments) {
            return Err(Status::AccountRepeatedInAccountAmounts);
        }
        if sum(&list.adjustments) != 0 {
            return Err(Status::TransfersNotZeroSumForToken);
        }
    }
    Ok(())
}

fn sum(lines: &[Adjustment]) -> i128 {
    lines.iter().map(|line| i128::from(line.units)).sum()
}

fn has_repeated_account(lines: &[Adjustment]) -> bool {
    let named = |line: &Adjustment| match line.account {
        AccountRef::Number(number) => AccountRef::Number(number),
        AccountRef::Address(address) => {
            address.long_zero().map_or(AccountRef::Address(address), AccountRef::Number)
        }
    };
    lines
        .iter()
        .enumerate()
        .any(|(index, line)| lines[..index].iter().any(|other| named(other) == named(line)))
}
