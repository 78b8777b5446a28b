//! How an asset's holders are kept current.

use std::time::{Duration, SystemTime};

/// The shortest interval between periodic syncs, seconds.
pub(crate) const INTERVAL_S_MIN: u32 = 60;
/// The longest interval between periodic syncs, seconds: a week.
pub(crate) const INTERVAL_S_MAX: u32 = 604_800;

/// The settings of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SyncSettings {
    /// Seconds between the starts of periodic syncs.
    pub interval_s: u32,
    /// When the next one is due; none when they are off.
    pub next_at: Option<SystemTime>,
}

/// When the sync after the one due at `due` is due. The rhythm is kept; what was missed while nobody looked is not made up.
pub(crate) fn due_after(due: SystemTime, now: SystemTime, interval_s: u32) -> SystemTime {
    let interval = Duration::from_secs(interval_s.into());
    let next = due + interval;
    if next > now { next } else { now + interval }
}

#[cfg(test)]
mod tests {
    use super::due_after;
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_rhythm_is_kept_and_what_was_missed_is_not_made_up() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(due_after(at(1000), at(1002), 60), at(1060));
        assert_eq!(due_after(at(1000), at(5000), 60), at(5060));
    }
}
