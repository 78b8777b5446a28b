//! A steady pace for what the rail limits: a network's nodes answer BUSY to whoever sends faster than their share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets so many pass per second, evenly spaced, in the order they came.
#[derive(Debug)]
pub struct Pacer {
    gap: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl Pacer {
    /// `per_second` 0 is no limit.
    pub fn new(per_second: u32) -> Self {
        let gap = (per_second > 0).then(|| Duration::from_secs(1) / per_second);
        Self { gap, next: Mutex::new(None) }
    }

    /// Waits for the next place, at most `patience`; false when that is too short, and no place is taken.
    pub async fn pass(&self, patience: Duration) -> bool {
        let Some(gap) = self.gap else { return true };
        let now = Instant::now();
        let place = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let place = next.map_or(now, |next| next.max(now));
            if place - now > patience {
                return false;
            }
            *next = Some(place + gap);
            place
        };
        tokio::time::sleep_until(place).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Pacer;
    use std::time::Duration;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn no_more_pass_than_the_pace_allows() {
        let (pacer, start) = (Pacer::new(100), Instant::now());
        for _ in 0..=100 {
            assert!(pacer.pass(Duration::from_secs(5)).await);
        }
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_wait_takes_no_place() {
        let pacer = Pacer::new(1);
        assert!(pacer.pass(Duration::ZERO).await);
        assert!(!pacer.pass(Duration::from_millis(500)).await);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(pacer.pass(Duration::ZERO).await);
    }
}
