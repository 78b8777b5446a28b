//! What upcoming distributions take from a funding account, by date, against what is there now.

use ids::{DistributionId, ScheduleId};

/// The most needs that are listed.
const LISTED_MAX: usize = 1_000;

/// Who needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claimant {
    /// The distribution that is previewed.
    This,
    /// A distribution that is there.
    Distribution(DistributionId),
    /// An occurrence of a schedule, to come.
    Schedule(ScheduleId),
}

/// One upcoming need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// When it is paid at the earliest, in nanoseconds since the epoch.
    pub at_ns: i64,
    /// Who needs it.
    pub claimant: Claimant,
    /// What people call it.
    pub label: String,
    /// Smallest units; none where nothing says how much.
    pub units: Option<u128>,
    /// It is a guess.
    pub estimated: bool,
}

/// All needs by date, with the sum so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// What is there now.
    pub funding: u128,
    /// Each with the sum so far.
    pub needs: Vec<(Need, u128)>,
    /// There is more than is listed.
    pub truncated: bool,
    /// The first need for which it will not do, by its place.
    pub short_at: Option<usize>,
}

/// Puts needs in the order of their dates (those of one date as they come) and adds up.
pub(crate) fn forecast(funding: u128, mut needs: Vec<Need>, more: bool) -> Forecast {
    needs.sort_by_key(|need| need.at_ns);
    let truncated = more || needs.len() > LISTED_MAX;
    needs.truncate(LISTED_MAX);
    let mut running = 0_u128;
    let needs: Vec<(Need, u128)> = needs
        .into_iter()
        .map(|need| {
            running = running.saturating_add(need.units.unwrap_or_default());
            (need, running)
        })
        .collect();
    let short_at = needs.iter().position(|(_, running)| *running > funding);
    Forecast { funding, needs, truncated, short_at }
}

#[cfg(test)]
mod tests {
    use super::{Claimant, Need, forecast};

    fn need(at_ns: i64, units: Option<u128>) -> Need {
        Need { at_ns, claimant: Claimant::This, label: String::new(), units, estimated: false }
    }

    #[test]
    fn the_first_date_it_will_not_do_is_that_at_which_the_sum_exceeds_what_is_there() {
        let needs = vec![need(30, Some(50)), need(10, Some(60)), need(20, None), need(20, Some(40))];
        let found = forecast(100, needs.clone(), false);
        let sums: Vec<(i64, u128)> =
            found.needs.iter().map(|(need, running)| (need.at_ns, *running)).collect();
        assert_eq!(sums, [(10, 60), (20, 60), (20, 100), (30, 150)]);
        assert_eq!((found.short_at, found.truncated), (Some(3), false));
        assert_eq!(forecast(150, needs, false).short_at, None, "exactly enough is enough");
    }

    #[test]
    fn a_thousand_are_listed_and_what_is_left_out_is_said() {
        let found = forecast(0, (0..1_001).map(|at| need(at, None)).collect(), false);
        assert_eq!((found.needs.len(), found.truncated), (1_000, true));
        assert!(forecast(0, Vec::new(), true).truncated);
    }
}
