//! Times as people write and read them: RFC 3339 in UTC.

use jiff::Timestamp;

/// The time a person wrote.
pub fn parse_instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("{text:?} is not a time with its zone, as in 2026-11-20T12:00:00Z"))
}

/// The time a person wrote, for a request.
pub fn parse(text: &str) -> Result<prost_types::Timestamp, String> {
    let time = parse_instant(text)?;
    Ok(prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() })
}

/// The time of an answer; empty when there is none.
pub fn show(time: Option<&prost_types::Timestamp>) -> String {
    let time = time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}

/// A time of the network, in nanoseconds since the epoch; empty when it is 0.
pub fn show_ns(ns: i64) -> String {
    let time = (ns != 0).then(|| Timestamp::from_nanosecond(i128::from(ns)).ok()).flatten();
    time.map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{parse, show, show_ns};

    #[test]
    fn a_time_is_read_and_shown_to_the_nanosecond() {
        let time = parse("2026-11-20T12:00:00.000000001Z").expect("a time");
        assert_eq!(show(Some(&time)), "2026-11-20T12:00:00.000000001Z");
        assert_eq!(show_ns(time.seconds * 1_000_000_000 + 1), "2026-11-20T12:00:00.000000001Z");
        assert_eq!((show(None), show_ns(0)), (String::new(), String::new()));
    }

    #[test]
    fn a_time_without_its_zone_is_refused() {
        for bad in ["", "2026-11-20", "2026-11-20T12:00:00", "now", "1795188269"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
