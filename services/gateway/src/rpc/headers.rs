//! Which of a caller's headers reach a service.
//!
//! A list of those that do, not of those that do not: what the gateway does not know cannot pretend to come from it.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Passed on as they are. `authorization` and `grpc-timeout` are the gateway's own.
const PASSED_ON: [HeaderName; 8] = [
    header::CONTENT_TYPE,
    header::TE,
    header::USER_AGENT,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    IDEMPOTENCY_KEY,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];
/// What the caller calls this request by when it repeats it.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// So that the service's own "deadline exceeded" arrives before the gateway gives up on it.
const AHEAD: Duration = Duration::from_millis(5);

/// Whether the request speaks gRPC, and not gRPC-Web or something else.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.strip_prefix("application/grpc").is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';']))
}

/// The headers a service gets, with the time the call may still take.
pub(super) fn passed_on(headers: &HeaderMap, remaining: Duration) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(PASSED_ON.len() + 2);
    for name in PASSED_ON {
        for value in headers.get_all(&name) {
            kept.append(name.clone(), value.clone());
        }
    }
    kept.insert(GRPC_TIMEOUT, timeout_value(remaining.saturating_sub(AHEAD)));
    kept
}

/// The specification allows eight digits, so long times are told in seconds and short ones in microseconds.
fn timeout_value(timeout: Duration) -> HeaderValue {
    const DIGITS_8: u128 = 99_999_999;
    let micros = timeout.as_micros().max(1000);
    let text = if micros <= DIGITS_8 {
        format!("{micros}u")
    } else {
        format!("{}S", u128::from(timeout.as_secs()).min(DIGITS_8))
    };
    HeaderValue::try_from(text).expect("digits and a letter")
}

#[cfg(test)]
mod tests {
    use super::{is_grpc, passed_on};
    use http::{HeaderMap, HeaderValue, header};
    use std::time::Duration;

    #[test]
    fn a_callers_token_and_unknown_headers_stay_at_the_edge() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer canary"),
            ("x-bursar-subject", "service:execution"),
            ("cookie", "a=b"),
            ("grpc-timeout", "9H"),
            ("idempotency-key", "order-7"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let kept = passed_on(&headers, Duration::from_secs(2));
        let mut names: Vec<&str> = kept.keys().map(header::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-type", "grpc-timeout", "idempotency-key", "te"]);
        assert_eq!(kept["grpc-timeout"], "1995000u");
        assert_eq!(passed_on(&headers, Duration::from_hours(24))["grpc-timeout"], "86399S");
        assert_eq!(passed_on(&headers, Duration::ZERO)["grpc-timeout"], "1000u");
    }

    #[test]
    fn only_grpc_itself_is_grpc() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            is_grpc(&headers)
        };
        assert!(with("application/grpc") && with("application/grpc+proto"));
        assert!(
            !with("application/grpc-web+proto") && !with("application/json") && !is_grpc(&HeaderMap::new())
        );
    }
}
