//! What a transfer costs: the network's simple fee schedule (HIP-1261), at a fixed exchange rate.

use super::transaction::Submission;

/// Tinycents (a hundred-millionth of a US cent) in $0.0001: base fee, and every extra.
const STEP: u64 = 1_000_000;
/// Extra for moving tokens, and for moving tokens that have custom fees.
const TOKEN: u64 = 9 * STEP;
const TOKEN_WITH_CUSTOM_FEES: u64 = 19 * STEP;
/// Bytes that are free, and the price of each further one in tinycents (node part and nine times network part).
const FREE_BYTES: u64 = 1_024;
const BYTE: u64 = 100_000;
/// Accounts that are free.
const FREE_ACCOUNTS: u64 = 2;

/// One HBAR is worth this many US cents here.
pub const CENTS_PER_HBAR: u64 = 12;

/// The fee in tinybars.
pub fn tinybars(transaction: &Submission, has_custom_fees: bool) -> u64 {
    let accounts = count(transaction.adjustments().count());
    let token_types = count(transaction.tokens.len());
    let token = match (token_types, has_custom_fees) {
        (0, _) => 0,
        (_, false) => TOKEN,
        (_, true) => TOKEN_WITH_CUSTOM_FEES,
    };
    let steps = 1
        + accounts.saturating_sub(FREE_ACCOUNTS)
        + token_types.saturating_sub(1)
        + transaction.signatures.saturating_sub(1);
    let tinycents = steps * STEP + token + transaction.bytes.saturating_sub(FREE_BYTES) * BYTE;
    tinycents.div_ceil(CENTS_PER_HBAR)
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
