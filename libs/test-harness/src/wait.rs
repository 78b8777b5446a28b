//! Waiting, always with a deadline and for something that has a name.

use std::time::{Duration, Instant};

use crate::error::HarnessError;

const POLL: Duration = Duration::from_millis(50);

/// Calls `look` until it finds something, and returns that. An error of `look` ends the wait.
pub async fn until<T, E: Into<HarnessError>>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>, E>,
) -> Result<T, HarnessError> {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await.map_err(Into::into)? {
            return Ok(found);
        }
        if began.elapsed() >= within {
            return Err(HarnessError::Deadline { what: what.to_owned(), seconds: within.as_secs() });
        }
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_ends_with_what_was_found_or_at_its_deadline() {
        let mut looks = 0;
        let found = until("a third look", Duration::from_secs(9), async || {
            looks += 1;
            Ok::<_, HarnessError>((looks == 3).then_some(looks))
        });
        assert_eq!(found.await.expect("found"), 3);
        let never =
            until("nothing", Duration::from_millis(1), async || Ok::<Option<()>, HarnessError>(None)).await;
        assert!(matches!(never, Err(HarnessError::Deadline { .. })));
    }
}
