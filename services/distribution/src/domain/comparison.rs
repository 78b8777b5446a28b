//! What is different from the previous occurrence. Payees of both come in one after another, ascending by account;
//! what is kept does not grow with them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::account::Account;

/// The largest differences kept of each sort.
const SHOWN_MAX: usize = 100;
/// The threshold when none is given: a fifth of the previous amount.
pub(crate) const THRESHOLD_PPM_DEFAULT: u32 = 200_000;
const MILLION: u128 = 1_000_000;

/// A payee with what it was owed and is owed; zero where it was not or is not a payee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Different {
    /// Who.
    pub account: Account,
    /// Smallest units before.
    pub before: u128,
    /// Smallest units now.
    pub now: u128,
}

/// Payees that are different in one way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// How many.
    pub count: u32,
    /// What they were owed before, together.
    pub before: u128,
    /// What they are owed now, together.
    pub now: u128,
    /// Those with the largest difference, largest first.
    pub largest: Vec<Different>,
}

/// What is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Payees of this one only.
    pub new: Difference,
    /// Payees of the previous one only.
    pub gone: Difference,
    /// Payees of both whose amount changed by more than the threshold.
    pub changed: Difference,
}

/// A comparison under way.
#[derive(Debug)]
pub(crate) struct Comparer {
    threshold_ppm: u32,
    new: Gathered,
    gone: Gathered,
    changed: Gathered,
}

/// By how much, and who, before and now.
type Ranked = (u128, Reverse<Account>, u128, u128);

#[derive(Debug, Default)]
struct Gathered {
    sum: Difference,
    /// The smallest of the largest on top.
    kept: BinaryHeap<Reverse<Ranked>>,
}

impl Comparer {
    /// Nothing compared yet. The threshold is in millionths of the previous amount.
    pub(crate) fn new(threshold_ppm: u32) -> Self {
        let gathered = Gathered::default;
        Self { threshold_ppm, new: gathered(), gone: gathered(), changed: gathered() }
    }

    /// One payee of either or both.
    pub(crate) fn add(&mut self, payee: Different) {
        let difference = payee.now.abs_diff(payee.before);
        match (payee.before, payee.now) {
            (0, 0) => {}
            (0, _) => self.new.add(difference, payee),
            (_, 0) => self.gone.add(difference, payee),
            // What a payee gets fits 64 bits.
            (before, _) if difference * MILLION > before * u128::from(self.threshold_ppm) => {
                self.changed.add(difference, payee);
            }
            (_, _) => {}
        }
    }

    /// What was different.
    pub(crate) fn finish(self) -> Comparison {
        Comparison { new: self.new.finish(), gone: self.gone.finish(), changed: self.changed.finish() }
    }
}

impl Gathered {
    fn add(&mut self, difference: u128, payee: Different) {
        self.sum.count += 1;
        self.sum.before += payee.before;
        self.sum.now += payee.now;
        self.kept.push(Reverse((difference, Reverse(payee.account), payee.before, payee.now)));
        if self.kept.len() > SHOWN_MAX {
            self.kept.pop();
        }
    }

    fn finish(self) -> Difference {
        let largest = self.kept.into_sorted_vec().into_iter();
        let largest = largest
            .map(|Reverse((_, Reverse(account), before, now))| Different { account, before, now })
            .collect();
        Difference { largest, ..self.sum }
    }
}

/// Brings the payees of both together: ours are here, theirs come in chunks, both ascending by account.
#[derive(Debug)]
pub(crate) struct Merge<'a> {
    ours: &'a [(Account, u128)],
}

impl<'a> Merge<'a> {
    /// Nothing of theirs yet.
    pub(crate) const fn new(ours: &'a [(Account, u128)]) -> Self {
        Self { ours }
    }

    /// One payee of theirs; `found` hears of it and of ours before it.
    pub(crate) fn theirs(&mut self, account: Account, before: u128, found: &mut impl FnMut(Different)) {
        while let Some(((first, now), rest)) = self.ours.split_first()
            && *first < account
        {
            found(Different { account: *first, before: 0, now: *now });
            self.ours = rest;
        }
        let mut now = 0;
        if let Some(((first, units), rest)) = self.ours.split_first()
            && *first == account
        {
            now = *units;
            self.ours = rest;
        }
        found(Different { account, before, now });
    }

    /// There are no more of theirs.
    pub(crate) fn finish(self, found: &mut impl FnMut(Different)) {
        for (account, now) in self.ours {
            found(Different { account: *account, before: 0, now: *now });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn account(number: u64) -> Account {
        Account::from_number(number).expect("small")
    }

    fn compare(threshold_ppm: u32, ours: &[(u64, u128)], theirs: &[(u64, u128)]) -> Comparison {
        let ours: Vec<(Account, u128)> =
            ours.iter().map(|(number, units)| (account(*number), *units)).collect();
        let mut comparer = Comparer::new(threshold_ppm);
        let mut merge = Merge::new(&ours);
        let mut add = |payee| comparer.add(payee);
        for (number, units) in theirs {
            merge.theirs(account(*number), *units, &mut add);
        }
        merge.finish(&mut add);
        comparer.finish()
    }

    #[test]
    fn who_is_new_gone_and_changed_is_told_with_sums() {
        let now = [(1, 100), (2, 121), (3, 120), (5, 70)];
        let before = [(1, 100), (2, 100), (3, 100), (4, 50)];
        let found = compare(200_000, &now, &before);
        let different = |number, before, now| Different { account: account(number), before, now };
        assert_eq!(
            (found.new.count, found.new.now, &*found.new.largest),
            (1, 70, &[different(5, 0, 70)][..])
        );
        assert_eq!((found.gone.count, found.gone.before), (1, 50));
        assert_eq!(found.changed.largest, [different(2, 100, 121)], "a fifth is not more than a fifth");
        assert_eq!((found.changed.before, found.changed.now), (100, 121));
        assert_eq!(compare(199_999, &now, &before).changed.count, 2);
    }

    #[test]
    fn the_hundred_with_the_largest_difference_are_kept_largest_first() {
        let now: Vec<(u64, u128)> =
            (1..=1_000).map(|number| (number, u128::from(number % 500) + 1)).collect();
        let found = compare(0, &now, &[]).new;
        assert_eq!((found.count, found.largest.len()), (1_000, 100));
        assert!(found.largest.is_sorted_by(|a, b| (Reverse(a.now), a.account) < (Reverse(b.now), b.account)));
        assert_eq!((found.largest[0].now, found.largest[99].now), (500, 451));
    }

    proptest! {
        #[test]
        fn a_merge_has_everybody_once(ours: BTreeMap<u64, u32>, theirs: BTreeMap<u64, u32>) {
            let half = |map: BTreeMap<u64, u32>| -> Vec<(u64, u128)> {
                map.into_iter().map(|(number, units)| (number / 2, u128::from(units) + 1)).collect::<BTreeMap<_, _>>().into_iter().collect()
            };
            let (ours, theirs) = (half(ours), half(theirs));
            let found = compare(0, &ours, &theirs);
            let numbers = |list: &[(u64, u128)]| list.iter().map(|(number, _)| *number).collect::<BTreeSet<_>>();
            let (now, before) = (numbers(&ours), numbers(&theirs));
            prop_assert_eq!(usize::try_from(found.new.count), Ok(now.difference(&before).count()));
            prop_assert_eq!(usize::try_from(found.gone.count), Ok(before.difference(&now).count()));
        }
    }
}
