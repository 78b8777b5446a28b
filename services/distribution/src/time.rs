//! Times of business as nanoseconds since the epoch, as they are stored and compared.

use prost_types::Timestamp;

/// The nanoseconds of a clock's time; clocks outside the years 1970 to 2262 are read as the nearest of these.
pub(crate) use pg::time::to_ns as nanos_of;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The nanoseconds of a time of the contract; none when it is malformed or outside the years 1677 to 2262.
pub(crate) fn nanos(time: &Timestamp) -> Option<i64> {
    let nanos = i64::from(time.nanos);
    if !(0..NANOS_PER_SECOND).contains(&nanos) {
        return None;
    }
    time.seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)
}

/// The time of the contract.
pub(crate) fn timestamp(nanos: i64) -> Timestamp {
    let within = i32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).expect("less than 10^9");
    Timestamp { seconds: nanos.div_euclid(NANOS_PER_SECOND), nanos: within }
}

#[cfg(test)]
mod tests {
    use super::{nanos, nanos_of, timestamp};
    use prost_types::Timestamp;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_time_survives_to_the_nanosecond() {
        for nanoseconds in [0, 1, -1, 1_795_188_269_124_372_290, i64::MAX] {
            assert_eq!(nanos(&timestamp(nanoseconds)), Some(nanoseconds));
        }
        assert_eq!(nanos_of(SystemTime::UNIX_EPOCH + Duration::from_nanos(1_500_000_001)), 1_500_000_001);
    }

    #[test]
    fn a_malformed_time_is_none() {
        for (seconds, nanoseconds) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (253_402_300_799, 0)] {
            assert_eq!(nanos(&Timestamp { seconds, nanos: nanoseconds }), None, "{seconds} {nanoseconds}");
        }
    }
}
