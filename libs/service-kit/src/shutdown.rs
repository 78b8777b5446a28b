//! The signal to stop, for everything that runs in a process.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::StartError;

/// Says when to stop. Clones share the signal.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// A signal that only [`Shutdown::trigger`] gives.
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// A signal given by SIGTERM or SIGINT.
    ///
    /// # Errors
    /// When the process cannot listen for signals.
    pub fn on_signals() -> Result<Shutdown, StartError> {
        let listen = |kind| signal(kind).map_err(|error| StartError::because("listen for signals", error));
        let (mut terminate, mut interrupt) =
            (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        let shutdown = Shutdown::new();
        let told = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("asked to stop");
            told.trigger();
        });
        Ok(shutdown)
    }

    /// Gives the signal, to every clone and child.
    pub fn trigger(&self) {
        self.0.cancel();
    }

    /// Whether the signal was given.
    pub fn is_triggered(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for the signal.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }

    /// A signal that follows this one and can also be given alone.
    #[must_use]
    pub fn child(&self) -> Shutdown {
        Shutdown(self.0.child_token())
    }

    /// Waits for `pause`, or less when the signal comes. Says whether to go on.
    pub async fn sleep(&self, pause: std::time::Duration) -> bool {
        self.0.run_until_cancelled(tokio::time::sleep(pause)).await.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::Shutdown;
    use std::time::Duration;

    #[tokio::test]
    async fn a_child_follows_its_parent_and_not_the_other_way_round() {
        let parent = Shutdown::new();
        let child = parent.child();
        let sibling = parent.child();
        child.trigger();
        assert!(child.is_triggered() && !parent.is_triggered() && !sibling.is_triggered());
        parent.trigger();
        sibling.cancelled().await;
    }

    #[tokio::test]
    async fn a_sleep_ends_early_when_the_signal_comes() {
        let shutdown = Shutdown::new();
        assert!(shutdown.sleep(Duration::from_millis(1)).await, "nothing told it to stop");
        let sleeping = shutdown.clone();
        let sleep = tokio::spawn(async move { sleeping.sleep(Duration::from_hours(1)).await });
        tokio::task::yield_now().await;
        shutdown.trigger();
        assert!(!sleep.await.expect("it does not panic"));
    }
}
