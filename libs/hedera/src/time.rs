//! Points in time as Hedera writes them: `seconds.nanoseconds`, here `i64` nanoseconds since the Unix epoch.

/// Nanoseconds in a second.
pub const NS_PER_S: i64 = 1_000_000_000;

/// A text that is not a point in time written as `seconds.nanoseconds` with nine digits of nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time as seconds.nanoseconds (nine digits of nanoseconds): {0:?}")]
pub struct ParseTimeError(pub String);

/// Reads `1795188269.124372290` as nanoseconds. Signs, spaces, leading zeros and shorter fractions are errors, because
/// other software reads a short fraction sometimes as a count of nanoseconds and sometimes as a decimal fraction.
pub fn parse_ns(text: &str) -> Result<i64, ParseTimeError> {
    text.split_once('.')
        .and_then(|(seconds, nanos)| join_ns(seconds, nanos))
        .ok_or_else(|| ParseTimeError(shorten(text)))
}

/// Writes nanoseconds as `1795188269.124372290`. Times before the epoch do not occur on the network and are written as zero.
pub fn format_ns(ns: i64) -> String {
    let (seconds, nanos) = split_ns(ns);
    format!("{seconds}.{nanos:09}")
}

/// Whole seconds and the nanoseconds left over.
pub(crate) fn split_ns(ns: i64) -> (i64, i32) {
    let ns = ns.max(0);
    let nanos = i32::try_from(ns % NS_PER_S).expect("a remainder of 10^9 fits i32");
    (ns / NS_PER_S, nanos)
}

/// The two halves of a time in text, strictly.
pub(crate) fn join_ns(seconds: &str, nanos: &str) -> Option<i64> {
    let seconds = i64::try_from(canonical_u64(seconds)?).ok()?;
    if nanos.len() != 9 || !nanos.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = nanos.parse().ok()?;
    seconds.checked_mul(NS_PER_S)?.checked_add(nanos)
}

/// Digits only, no leading zero.
pub(crate) fn canonical_u64(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = digits && (text.len() == 1 || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// Text from outside, made short enough for an error message.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::{format_ns, parse_ns};
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn a_time_reads_back_as_it_was_written(ns in 0..=i64::MAX) {
            assert_eq!(parse_ns(&format_ns(ns)), Ok(ns));
        }

        #[test]
        fn whatever_is_read_is_written_the_same(text in any::<String>()) {
            if let Ok(ns) = parse_ns(&text) {
                assert_eq!(format_ns(ns), text);
            }
        }
    }

    #[test]
    fn loose_spellings_are_refused() {
        for text in ["", "1", "1.", ".000000001", "1.5", "01.000000000", "-1.000000000", "+1.000000000"] {
            assert!(parse_ns(text).is_err(), "{text}");
        }
        for text in ["1.0000000000", "1.00000000a", " 1.000000000", "1.000000000 ", "9223372037.000000000"] {
            assert!(parse_ns(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_largest_time_is_the_last_nanosecond_of_i64() {
        assert_eq!(parse_ns("9223372036.854775807"), Ok(i64::MAX));
        assert!(parse_ns("9223372036.854775808").is_err());
    }
}
