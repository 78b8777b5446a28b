//! How a batch becomes attempts.

use hedera::transfer::RECIPIENTS_MAX;
use ids::AttemptId;

use crate::domain::retry::Tries;

/// A dead attempt of which payouts are due again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The dead attempt.
    pub attempt: AttemptId,
    /// Somebody chose them: they go on without the others of it. Otherwise they are all that it has left.
    pub chosen: bool,
    /// The payouts.
    pub ordinals: Vec<u32>,
    /// Automatic failures behind them.
    pub tries: Tries,
    /// Each gets an attempt of its own.
    pub split: bool,
}

/// Payouts that become one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The payouts.
    pub ordinals: Vec<u32>,
    /// Automatic failures behind them.
    pub tries: Tries,
    /// The place, among those that are due, of what it takes over from; none at the first attempt.
    pub replaces: Option<usize>,
    /// It is one of several singles that a refused attempt was split into.
    pub split: bool,
}

/// Payouts of no attempt yet go nine by nine, in their order; those of a dead attempt stay together or go each alone. The
/// payouts of a group follow one another: where others of them were adopted, there is a gap between groups.
pub fn plan(fresh: &[u32], due: &[Due]) -> Vec<Group> {
    let first = in_a_row(fresh, RECIPIENTS_MAX).map(|ordinals| Group {
        ordinals: ordinals.to_vec(),
        tries: Tries::default(),
        replaces: None,
        split: false,
    });
    let again = due.iter().enumerate().flat_map(|(place, due)| {
        let size = if due.split { 1 } else { RECIPIENTS_MAX };
        in_a_row(&due.ordinals, size).map(move |ordinals| Group {
            ordinals: ordinals.to_vec(),
            tries: due.tries,
            replaces: Some(place),
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
    use crate::domain::retry::Tries;

    fn due(ordinals: Vec<u32>, split: bool) -> Due {
        let tries = Tries { retryable: 2, recipient: 1 };
        Due { attempt: AttemptId::from_uuid(Uuid::from_u128(1)), chosen: false, ordinals, tries, split }
    }

    #[test]
    fn a_refused_nine_becomes_nine_singles_that_name_it() {
        let groups = plan(&[], &[due((0..9).collect(), true)]);
        assert_eq!(groups.len(), 9);
        assert!(groups.iter().all(|group| group.ordinals.len() == 1 && group.replaces == Some(0)));
        let tries = Tries { retryable: 2, recipient: 1 };
        assert!(groups.iter().all(|group| group.tries == tries && group.split));
    }

    #[test]
    fn chosen_payouts_and_those_they_left_behind_go_apart() {
        let chosen = Due { chosen: true, ..due(vec![2, 5], false) };
        let groups = plan(&[], &[due(vec![0, 1, 3], false), chosen]);
        let apart: Vec<_> = groups.iter().map(|group| (group.ordinals.as_slice(), group.replaces)).collect();
        let expected = [(&[0, 1][..], Some(0)), (&[3], Some(0)), (&[2], Some(1)), (&[5], Some(1))];
        assert_eq!(apart, expected);
    }

    #[test]
    fn what_was_adopted_from_among_them_leaves_a_gap_that_no_group_spans() {
        let groups = plan(&[0, 1, 2, 5, 6], &[due(vec![20, 22, 23], false)]);
        let ordinals: Vec<&[u32]> = groups.iter().map(|group| group.ordinals.as_slice()).collect();
        assert_eq!(ordinals, [&[0, 1, 2][..], &[5, 6], &[20], &[22, 23]]);
    }

    proptest! {
        #[test]
        fn every_payout_is_in_exactly_one_group_and_none_is_too_large(fresh in 0_u32..1000, split in any::<bool>()) {
            let ordinals: Vec<u32> = (0..fresh).collect();
            let groups = plan(&ordinals, &[due((fresh..fresh + 9).collect(), split)]);
            prop_assert!(groups.iter().all(|group| (1..=9).contains(&group.ordinals.len())));
            let planned: Vec<u32> = groups.into_iter().flat_map(|group| group.ordinals).collect();
            prop_assert_eq!(planned, (0..fresh + 9).collect::<Vec<_>>());
        }
    }
}
