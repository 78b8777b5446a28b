//! The `grpc-timeout` header.

use std::time::Duration;

use http::HeaderMap;

const HEADER: &str = "grpc-timeout";
/// The specification allows this many digits.
const DIGITS_MAX: usize = 8;

/// How long the caller is willing to wait; `None` when it does not say, or says it unreadably.
pub fn requested_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(count * 3600)),
        'M' => Some(Duration::from_secs(count * 60)),
        'S' => Some(Duration::from_secs(count)),
        'm' => Some(Duration::from_millis(count)),
        'u' => Some(Duration::from_micros(count)),
        'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::requested_timeout;
    use http::{HeaderMap, HeaderValue};
    use std::time::Duration;

    fn read(text: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", HeaderValue::from_static(text));
        requested_timeout(&headers)
    }

    #[test]
    fn every_unit_of_the_specification_is_read() {
        let expected = [
            ("2H", 7_200_000_000_000),
            ("3M", 180_000_000_000),
            ("4S", 4_000_000_000),
            ("5m", 5_000_000),
            ("6u", 6_000),
            ("99999999n", 99_999_999),
        ];
        for (text, nanos) in expected {
            assert_eq!(read(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_timeout() {
        for text in ["", "S", "1", "1s", "-1S", "1.5S", "123456789n", "1 S"] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(requested_timeout(&HeaderMap::new()), None);
    }
}
