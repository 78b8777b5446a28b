//! Times as columns: nanoseconds since the epoch, which `BIGINT` holds until the year 2262.

use std::time::{Duration, SystemTime};

/// What a column holds for a time. Times before 1970 and after 2262 do not occur here and become the nearest that can.
pub fn to_ns(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The time that a column holds.
pub fn from_ns(ns: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(ns.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::{from_ns, to_ns};
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_time_comes_back_to_the_nanosecond() {
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_795_188_269, 124_372_291);
        assert_eq!(to_ns(time), 1_795_188_269_124_372_291);
        assert_eq!(from_ns(to_ns(time)), time);
        assert_eq!(to_ns(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), 0);
    }
}
