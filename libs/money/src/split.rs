//! A pool divided pro rata: the largest-remainder rule (Hamilton's), exact to the last unit.

use crate::wide::{Wide, divide};

/// One payee's claim on a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight<K> {
    /// Breaks ties: the smaller key comes first. Its order must be that of the payee key's bytes, which holds for
    /// `[u8; 8]`, `&[u8]` and `&str`, and for a Hedera account number as `u64` (its key is 8 bytes, big-endian).
    pub key: K,
    /// What the share is proportional to, for example units held. Zero is a claim on nothing.
    pub balance: u128,
}

/// A divided pool. Invariant: the shares and the residue together are the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// One share per weight, in the order of the weights.
    pub shares: Vec<u128>,
    /// What nobody gets: nothing when the base is the sum of the weights.
    pub residue: u128,
}

/// The pool cannot be divided so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// The base is zero: nobody has a claim.
    #[error("nothing is held, so nothing can be divided")]
    EmptyBase,
    /// The weights sum to more than the base: the shares would exceed the pool.
    #[error("the balances sum to more than the base")]
    BaseBelowWeights,
    /// Two weights have one key: several addresses of one account are one payee, to be summed before.
    #[error("a payee appears twice")]
    DuplicateKey,
}

/// A unit that is left when all shares are rounded down goes to who lost most by it.
struct Remainder {
    /// Of `pool × balance / base`, below the base.
    lost: u128,
    /// Position in the weights.
    holder: usize,
}

/// Divides `pool` in proportion to `balance / base`.
///
/// Each share is `pool × balance / base` rounded down, and then the units that are left of
/// `floor(pool × Σ balance / base)` go, one each, to the largest remainders, ties to the smaller key. So each share is
/// less than one unit from the exact one, a larger balance never gets less, and the order of the weights does not
/// matter. `base` is the sum of the balances (then the shares sum to the pool) or something larger, such as the total
/// supply (then the part of those who are not here is the residue).
///
/// Linear in the number of weights when these are sorted by key; else their keys are sorted once to find duplicates.
/// Allocates three vectors at most, none per holder.
pub fn split_pool<K: Ord>(pool: u128, base: u128, weights: &[Weight<K>]) -> Result<Split, SplitError> {
    if base == 0 {
        return Err(SplitError::EmptyBase);
    }
    let sum = weights.iter().try_fold(0_u128, |sum, weight| sum.checked_add(weight.balance));
    let sum = sum.filter(|sum| *sum <= base).ok_or(SplitError::BaseBelowWeights)?;
    if has_duplicates(weights) {
        return Err(SplitError::DuplicateKey);
    }
    // Every balance is at most the sum: if its product fits, every product does.
    let narrow = pool.checked_mul(sum).is_some();
    let (mut shares, mut remainders) = if narrow {
        round_down(weights, |balance| (pool * balance / base, pool * balance % base))
    } else {
        round_down(weights, |balance| divide(Wide::product(pool, balance), base))
    };
    let (payable, _) = divide(Wide::product(pool, sum), base);
    let left = payable - shares.iter().sum::<u128>();
    for remainder in largest(&mut remainders, left, weights) {
        shares[remainder.holder] += 1;
    }
    Ok(Split { shares, residue: pool - payable })
}

fn has_duplicates<K: Ord>(weights: &[Weight<K>]) -> bool {
    if weights.is_sorted_by(|a, b| a.key < b.key) {
        return false;
    }
    let mut keys: Vec<&K> = weights.iter().map(|weight| &weight.key).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

/// The shares rounded down, and the remainders of those that were.
fn round_down<K>(weights: &[Weight<K>], share: impl Fn(u128) -> (u128, u128)) -> (Vec<u128>, Vec<Remainder>) {
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (holder, weight) in weights.iter().enumerate() {
        let (quotient, lost) = share(weight.balance);
        shares.push(quotient);
        if lost > 0 {
            remainders.push(Remainder { lost, holder });
        }
    }
    (shares, remainders)
}

/// The `count` remainders that come first, in no order. A selection: sorting all costs several times as much.
fn largest<'a, K: Ord>(
    remainders: &'a mut [Remainder],
    count: u128,
    weights: &[Weight<K>],
) -> &'a [Remainder] {
    let count = usize::try_from(count)
        .expect("each remainder is below one unit, so fewer units are left than holders");
    let by_loss_then_key = |a: &Remainder, b: &Remainder| {
        b.lost.cmp(&a.lost).then_with(|| weights[a.holder].key.cmp(&weights[b.holder].key))
    };
    // All of them never: the remainders sum to the units left, and each is less than one unit.
    if count > 0 {
        remainders.select_nth_unstable_by(count - 1, by_loss_then_key);
    }
    &remainders[..count]
}
