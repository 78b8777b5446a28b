//! Which refusals of callers who did not prove who they are get a record of their own. Anybody can cause them, as many as the
//! network carries, and nothing is ever taken out of the log.

use std::time::Duration;

use tokio::time::Instant;

/// Records for strangers: so many at once, and one more with each second. Who gets none is counted.
#[derive(Debug)]
pub(crate) struct Strangers {
    max: u32,
    left: u32,
    /// Up to when seconds were added.
    since: Instant,
    left_out: u64,
}

impl Strangers {
    /// `max` at once, from `now` on.
    pub(crate) fn new(max: u32, now: Instant) -> Strangers {
        Strangers { max, left: max, since: now, left_out: 0 }
    }

    /// One is refused: how many were left out before it, since the last that was not; none when it is left out too.
    pub(crate) fn next(&mut self, now: Instant) -> Option<u64> {
        let seconds = now.saturating_duration_since(self.since).as_secs();
        self.since += Duration::from_secs(seconds);
        self.left = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_add(self.left).min(self.max);
        let Some(left) = self.left.checked_sub(1) else {
            self.left_out += 1;
            return None;
        };
        self.left = left;
        Some(std::mem::take(&mut self.left_out))
    }

    /// A record that told how many were left out was not written.
    pub(crate) fn untold(&mut self, left_out: u64) {
        self.left_out += left_out;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Strangers;
    use tokio::time::Instant;

    #[test]
    fn so_many_are_recorded_at_once_then_one_a_second_which_counts_those_left_out() {
        let begin = Instant::now();
        let after = |millis| begin + Duration::from_millis(millis);
        let mut strangers = Strangers::new(2, begin);
        let mut next = |millis| strangers.next(after(millis));
        assert_eq!([next(0), next(0), next(0), next(900)], [Some(0), Some(0), None, None]);
        assert_eq!([next(1_000), next(1_999)], [Some(2), None]);
        // Nobody for a long time leaves no more than at first.
        assert_eq!(
            [next(60_500), next(60_600), next(60_700), next(61_000)],
            [Some(1), Some(0), None, Some(1)]
        );
        strangers.untold(1);
        assert_eq!(strangers.next(after(62_000)), Some(1));
    }
}
