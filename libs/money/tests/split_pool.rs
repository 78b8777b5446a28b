//! `split_pool` against a naive reference with big integers and a full sort.

use money::{Split, SplitError, Weight, split_pool};
use num_bigint::BigUint;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::Config;

const CONFIG: fn() -> Config = || Config { failure_persistence: None, cases: 1_024, ..Config::default() };

/// The rule as `docs/ENTITLEMENTS.md` says it, in the slowest and plainest way.
fn reference(pool: u128, base: u128, weights: &[Weight<[u8; 8]>]) -> (Vec<u128>, u128) {
    let narrow = |number: BigUint| u128::try_from(number).expect("a share is at most the pool");
    let product = |balance: u128| BigUint::from(pool) * balance;
    let mut shares: Vec<u128> = weights.iter().map(|weight| narrow(product(weight.balance) / base)).collect();
    let sum: BigUint = weights.iter().map(|weight| BigUint::from(weight.balance)).sum();
    let payable = narrow(sum * pool / base);
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(product(weights[i].balance) % base), weights[i].key));
    let left = payable - shares.iter().sum::<u128>();
    for &holder in order.iter().take(usize::try_from(left).expect("less than one unit per holder")) {
        shares[holder] += 1;
    }
    (shares, pool - payable)
}

/// Holders with distinct keys in any order, and balances of one magnitude, so that ties and large products occur.
/// The sum of 60 balances of 120 bits fits 126 bits.
fn holders() -> impl Strategy<Value = Vec<Weight<[u8; 8]>>> {
    let balances = prop_oneof![
        proptest::collection::vec(0..4_u128, 1..60),
        proptest::collection::vec(any::<u64>().prop_map(u128::from), 1..60),
        proptest::collection::vec(any::<u128>().prop_map(|balance| balance >> 8), 1..60),
        proptest::collection::vec(
            (any::<u128>(), 8..128_u32).prop_map(|(balance, shift)| balance >> shift),
            1..60
        ),
    ];
    (balances, any::<u64>()).prop_map(|(balances, seed)| {
        let key = |index: usize| (index as u64 + 1).wrapping_mul(seed | 1).to_be_bytes();
        balances.into_iter().enumerate().map(|(index, balance)| Weight { key: key(index), balance }).collect()
    })
}

fn pools() -> impl Strategy<Value = u128> {
    prop_oneof![0..200_u128, any::<u64>().prop_map(u128::from), any::<u128>()]
}

fn sum(weights: &[Weight<[u8; 8]>]) -> u128 {
    weights.iter().map(|weight| weight.balance).sum()
}

proptest! {
    #![proptest_config(CONFIG())]

    #[test]
    fn over_the_eligible_holders_the_shares_are_the_pool(pool in pools(), weights in holders()) {
        let base = sum(&weights);
        if base == 0 {
            prop_assert_eq!(split_pool(pool, base, &weights), Err(SplitError::EmptyBase));
        } else {
            let split = split_pool(pool, base, &weights).expect("the base is the sum");
            prop_assert_eq!(split.shares.iter().sum::<u128>(), pool);
            prop_assert_eq!(split.residue, 0);
            prop_assert_eq!((split.shares, split.residue), reference(pool, base, &weights));
        }
    }

    #[test]
    fn over_a_larger_base_the_shares_and_the_residue_are_the_pool(
        pool in pools(), weights in holders(), absent in prop_oneof![1..9_u128, any::<u128>().prop_map(|units| units >> 2)],
    ) {
        let base = sum(&weights) + absent;
        let split = split_pool(pool, base, &weights).expect("the base is above the sum");
        prop_assert_eq!(split.shares.iter().sum::<u128>() + split.residue, pool);
        prop_assert_eq!((split.shares, split.residue), reference(pool, base, &weights));
    }

    #[test]
    fn each_share_is_less_than_one_unit_from_the_exact_one(
        pool in pools(), weights in holders(), absent in 1..1_000_000_u128,
    ) {
        let base = sum(&weights) + absent;
        let split = split_pool(pool, base, &weights).expect("the base is above the sum");
        for (share, weight) in split.shares.iter().zip(&weights) {
            let (got, exact) = (BigUint::from(*share) * base, BigUint::from(pool) * weight.balance);
            let (low, high) = if got < exact { (got, exact) } else { (exact, got) };
            prop_assert!(high - low < BigUint::from(base));
        }
    }

    #[test]
    fn the_order_of_the_holders_does_not_matter(
        pool in pools(),
        (weights, shuffled) in holders().prop_flat_map(|weights| (Just(weights.clone()), Just(weights).prop_shuffle())),
        absent in 1..9_u128,
    ) {
        let base = sum(&weights) + absent;
        let by_key = |weights: &[Weight<[u8; 8]>]| {
            let split = split_pool(pool, base, weights).expect("the base is above the sum");
            let mut shares: Vec<_> = weights.iter().map(|weight| weight.key).zip(split.shares).collect();
            shares.sort_unstable();
            shares
        };
        let mut sorted = weights.clone();
        sorted.sort_unstable_by_key(|weight| weight.key);
        prop_assert_eq!(&by_key(&shuffled), &by_key(&weights));
        prop_assert_eq!(&by_key(&sorted), &by_key(&weights));
    }

    #[test]
    fn a_larger_balance_never_gets_less_and_no_balance_gets_nothing(
        pool in pools(), weights in holders(), absent in 1..9_u128,
    ) {
        let split = split_pool(pool, sum(&weights) + absent, &weights).expect("the base is above the sum");
        let mut ranked: Vec<_> = weights.iter().zip(split.shares).map(|(weight, share)| (weight.balance, weight.key, share)).collect();
        // By balance, and where balances are equal the larger key first: then shares never fall.
        ranked.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        prop_assert!(ranked.is_sorted_by_key(|(_, _, share)| *share));
        prop_assert!(ranked.iter().all(|(balance, _, share)| *balance > 0 || *share == 0));
    }
}

fn weigh<K>(weights: impl IntoIterator<Item = (K, u128)>) -> Vec<Weight<K>> {
    weights.into_iter().map(|(key, balance)| Weight { key, balance }).collect()
}

#[test]
fn ties_go_to_the_smaller_key_as_bytes() {
    let account = |number: u64| number.to_be_bytes();
    // As little-endian bytes, or as text, 256 would come before 2 and 1000.
    let weights = weigh([(account(1000), 1), (account(2), 1), (account(256), 1)]);
    assert_eq!(split_pool(4, 3, &weights), Ok(Split { shares: vec![1, 2, 1], residue: 0 }));
    assert_eq!(split_pool(5, 3, &weights), Ok(Split { shares: vec![1, 2, 2], residue: 0 }));
    let names = weigh([("b", 1), ("aa", 1), ("a", 1)]);
    assert_eq!(split_pool(2, 3, &names), Ok(Split { shares: vec![0, 1, 1], residue: 0 }));
}

#[test]
fn the_largest_remainder_gets_the_unit_whatever_its_key() {
    let weights = weigh([(1_u64, 10), (2, 10), (3, 11)]);
    assert_eq!(split_pool(1, 31, &weights), Ok(Split { shares: vec![0, 0, 1], residue: 0 }));
}

#[test]
fn the_part_of_those_who_are_not_here_is_the_residue() {
    let weights = weigh([(1_u64, 50), (2, 25)]);
    assert_eq!(split_pool(1_000, 100, &weights), Ok(Split { shares: vec![500, 250], residue: 250 }));
    assert_eq!(split_pool(1_000, 100, &weigh([(1_u64, 0)])), Ok(Split { shares: vec![0], residue: 1_000 }));
    assert_eq!(split_pool::<u64>(7, 100, &[]), Ok(Split { shares: vec![], residue: 7 }));
}

#[test]
fn the_widest_numbers_divide_exactly() {
    let weights = weigh([(1_u64, u128::MAX - 1), (2, 1)]);
    let split = Split { shares: vec![u128::MAX - 1, 1], residue: 0 };
    assert_eq!(split_pool(u128::MAX, u128::MAX, &weights), Ok(split));
}

#[test]
fn what_cannot_be_divided_is_refused() {
    assert_eq!(split_pool::<u64>(5, 0, &[]), Err(SplitError::EmptyBase));
    assert_eq!(split_pool(5, 0, &weigh([(1_u64, 0)])), Err(SplitError::EmptyBase));
    assert_eq!(split_pool(5, 2, &weigh([(1_u64, 3)])), Err(SplitError::BaseBelowWeights));
    let beyond = weigh([(1_u64, u128::MAX), (2, 1)]);
    assert_eq!(split_pool(5, u128::MAX, &beyond), Err(SplitError::BaseBelowWeights));
    for twice in [[1_u64, 1, 2], [1, 2, 1], [2, 1, 1]] {
        let weights = weigh(twice.into_iter().map(|key| (key, 1)));
        assert_eq!(split_pool(5, 3, &weights), Err(SplitError::DuplicateKey), "{twice:?}");
    }
}
