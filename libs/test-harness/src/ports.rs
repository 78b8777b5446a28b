//! Ports for processes that must come back on the same one.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::error::HarnessError;

/// Below Linux's range for outgoing connections, one of which could otherwise take the port of a process that is down.
const RANGE: Range<u16> = 16_000..32_000;
/// Test processes begin this far apart.
const STRIDE: u32 = 97;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A port that nobody uses, and that nobody else in this process is given.
pub(crate) fn free() -> Result<u16, HarnessError> {
    let span = u32::from(RANGE.end - RANGE.start);
    let first = std::process::id().wrapping_mul(STRIDE) % span;
    for _ in RANGE {
        let number = u32::from(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = RANGE.start + u16::try_from((first + number) % span).unwrap_or_default();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(std::io::Error::from(std::io::ErrorKind::AddrInUse).into())
}

#[cfg(test)]
mod tests {
    use super::{RANGE, free};

    #[test]
    fn ports_differ_and_lie_outside_the_range_of_outgoing_connections() {
        let (first, second) = (free().expect("a port"), free().expect("a port"));
        assert_ne!(first, second);
        assert!(RANGE.contains(&first) && RANGE.contains(&second));
    }
}
