//! Holders out of nothing: the same for the same seed, their sizes very uneven, every fifth of one round size.

use super::body::Refusal;
use crate::faults::mix;
use crate::ledger::change::Holder;
use crate::ledger::ids::HexBytes;
use crate::ledger::transaction::AccountRef;

/// Most holders one call makes.
const MAX_HOLDERS: u64 = 5_000_000;
/// The round size, in whole tokens, and its bound in units, so that no supply overflows.
const ROUND_TOKENS: u64 = 100;
const MAX_ROUND_UNITS: u64 = 10_000_000_000;
/// Bits of the smallest and of the largest class of sizes.
const MIN_BITS: u64 = 4;
const MAX_BITS: u64 = 40;
/// Draws kept apart for each holder.
const DRAWS: u64 = 8;

/// So many holders of a token with so many decimals.
pub(super) fn holders(count: u64, seed: u64, decimals: u32) -> Result<Vec<Holder>, Refusal> {
    if count == 0 || count > MAX_HOLDERS {
        return Err(Refusal::bad(format!("count is 1 to {MAX_HOLDERS}")));
    }
    let start = mix(seed);
    Ok((0..count).map(|index| holder(start.wrapping_add(index * DRAWS), decimals)).collect())
}

fn holder(first: u64, decimals: u32) -> Holder {
    let draw = |number: u64| mix(first.wrapping_add(number));
    let mut address = [0; 20];
    address[..8].copy_from_slice(&draw(0).to_be_bytes());
    address[8..16].copy_from_slice(&draw(1).to_be_bytes());
    address[16..].copy_from_slice(&draw(2).to_be_bytes()[..4]);
    // Never the long-zero form.
    address[0] |= 1;
    Holder(AccountRef::Address(HexBytes(address)), units(draw(3), draw(4), decimals))
}

fn units(class: u64, size: u64, decimals: u32) -> u64 {
    if class.is_multiple_of(5) {
        let round = 10_u64.checked_pow(decimals).and_then(|token| token.checked_mul(ROUND_TOKENS));
        return round.unwrap_or(MAX_ROUND_UNITS).min(MAX_ROUND_UNITS);
    }
    let bits = MIN_BITS + (class >> 8) % (MAX_BITS - MIN_BITS);
    1 + (size >> (64 - bits))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_holders_and_all_differ() {
        let some = holders(10_000, 7, 8).expect("holders");
        assert_eq!(holders(10_000, 7, 8), Ok(some.clone()));
        assert_ne!(holders(10_000, 8, 8), Ok(some.clone()));
        assert_eq!(some.iter().map(|holder| holder.0).collect::<HashSet<_>>().len(), 10_000);
    }

    #[test]
    fn sizes_are_very_uneven_and_many_are_equal() {
        let sizes: Vec<_> =
            holders(10_000, 7, 8).expect("holders").into_iter().map(|holder| holder.1).collect();
        let (least, most) = (sizes.iter().min(), sizes.iter().max());
        assert!(least < Some(&20) && most > Some(&100_000_000_000), "{least:?} {most:?}");
        assert!(sizes.iter().filter(|size| **size == 10_000_000_000).count() > 1_500);
    }
}
