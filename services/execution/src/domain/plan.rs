//! How a batch becomes attempts.

use hedera::transfer::RECIPIENTS_MAX;
use ids::AttemptId;

/// A dead attempt whose payouts are due again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The dead attempt.
    pub attempt: AttemptId,
    /// Its payouts.
    pub ordinals: Vec<u32>,
    /// Failures of class RETRYABLE behind them.
    pub tries: u32,
    /// Each gets an attempt of its own.
    pub split: bool,
}

/// Payouts that become one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The payouts.
    pub ordinals: Vec<u32>,
    /// Failures of class RETRYABLE behind them.
    pub tries: u32,
    /// The dead attempt it takes over from; none at the first attempt.
    pub replaces: Option<AttemptId>,
    /// It is one of several singles that a refused attempt was split into.
    pub split: bool,
}

/// Payouts of no attempt yet go nine by nine, in their order; those of a dead attempt stay together or go each alone. The
/// payouts of a group follow one another: where others of them were adopted, there is a gap between groups.
pub fn plan(fresh: &[u32], due: &[Due]) -> Vec<Group> {
    let first = in_a_row(fresh, RECIPIENTS_MAX).map(|ordinals| Group {
        ordinals: ordinals.to_vec(),
        tries: 0,
        replaces: None,
        split: false,
    });
    let again = due.iter().flat_map(|due| {
        let size = if due.split { 1 } else { RECIPIENTS_MAX };
        in_a_row(&due.ordinals, size).map(|ordinals| Group {
            ordinals: ordinals.to_vec(),
            tries: due.tries,
            replaces: Some(due.attempt),
            split: due.split,
        })
    });
    first.chain(again).collect()
}

/// Pieces of at most `size` ordinals without a gap.
fn in_a_row(ordinals: &[u32], size: usize) -> impl Iterator<Item = &[u32]> {
    ordinals.chunk_by(|before, after| before + 1 == *after).flat_map(move |row| row.chunks(size))
}

#[cfg(test)]
mod tests {
    use ids::{AttemptId, Uuid};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Due, plan};

    #[test]
    fn a_refused_nine_becomes_nine_singles_that_name_it() {
        let attempt = AttemptId::from_uuid(Uuid::from_u128(1));
        let due = Due { attempt, ordinals: (0..9).collect(), tries: 2, split: true };
        let groups = plan(&[], &[due]);
        assert_eq!(groups.len(), 9);
        assert!(groups.iter().all(|group| group.ordinals.len() == 1 && group.replaces == Some(attempt)));
        assert!(groups.iter().all(|group| group.tries == 2 && group.split));
    }

    #[test]
    fn what_was_adopted_from_among_them_leaves_a_gap_that_no_group_spans() {
        let attempt = AttemptId::from_uuid(Uuid::from_u128(1));
        let due = Due { attempt, ordinals: vec![20, 22, 23], tries: 0, split: false };
        let groups = plan(&[0, 1, 2, 5, 6], &[due]);
        let ordinals: Vec<&[u32]> = groups.iter().map(|group| group.ordinals.as_slice()).collect();
        assert_eq!(ordinals, [&[0, 1, 2][..], &[5, 6], &[20], &[22, 23]]);
    }

    proptest! {
        #[test]
        fn every_payout_is_in_exactly_one_group_and_none_is_too_large(fresh in 0_u32..1000, split in any::<bool>()) {
            let ordinals: Vec<u32> = (0..fresh).collect();
            let due: Vec<u32> = (fresh..fresh + 9).collect();
            let attempt = AttemptId::from_uuid(Uuid::nil());
            let groups = plan(&ordinals, &[Due { attempt, ordinals: due, tries: 0, split }]);
            prop_assert!(groups.iter().all(|group| (1..=9).contains(&group.ordinals.len())));
            let planned: Vec<u32> = groups.into_iter().flat_map(|group| group.ordinals).collect();
            prop_assert_eq!(planned, (0..fresh + 9).collect::<Vec<_>>());
        }
    }
}
