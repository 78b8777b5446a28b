//! The one task that writes the audit log: takes what is waiting, commits it at once, says so to those who wait.

use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

use crate::domain::{Attempt, Outcome};
use crate::store;

/// Records in one commit.
const BATCH_LEN_MAX: usize = 256;
/// Before outcomes that could not be written are tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// How long the log may take to be written out when the gateway stops.
pub(super) const LAST_WRITES: Duration = Duration::from_secs(5);

/// Something to be written.
pub(crate) enum Entry {
    /// A call that waits to be forwarded.
    Attempt { attempt: Attempt, written: oneshot::Sender<()> },
    /// A call that was refused, and waits to be told.
    Refused { attempt: Attempt, outcome: Outcome, written: oneshot::Sender<()> },
    /// How a call ended. Nobody waits for it.
    Outcome(Outcome),
}

/// Writes the log.
pub(crate) struct Writer {
    entries: Receiver<Entry>,
    pool: pg::Pool,
    /// Outcomes whose writing failed. Bounded by the queue: calls that cannot be recorded are not made.
    again: Vec<Outcome>,
}

impl Writer {
    pub(super) fn new(entries: Receiver<Entry>, pool: pg::Pool) -> Writer {
        Writer { entries, pool, again: Vec::new() }
    }

    /// Writes until `stop`, then what is still waiting, for a few seconds at most.
    pub(crate) async fn run(mut self, stop: service_kit::Shutdown) {
        loop {
            let mut batch = Vec::new();
            let open = tokio::select! {
                // Nothing is lost when this is cut off: entries are taken all at once or not at all.
                taken = self.entries.recv_many(&mut batch, BATCH_LEN_MAX) => taken > 0,
                () = tokio::time::sleep(RETRY_PAUSE), if !self.again.is_empty() => true,
                () = stop.cancelled() => false,
            };
            if !open {
                break;
            }
            self.write(batch).await;
        }
        self.entries.close();
        if tokio::time::timeout(LAST_WRITES, self.write_the_rest()).await.is_err() {
            tracing::error!("some outcomes were not written to the audit log before the gateway stopped");
        }
    }

    async fn write_the_rest(&mut self) {
        loop {
            let mut batch = Vec::new();
            let taken = self.entries.recv_many(&mut batch, BATCH_LEN_MAX).await;
            self.write(batch).await;
            if taken == 0 && self.again.is_empty() {
                return;
            }
            if !self.again.is_empty() {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    /// Commits a batch. When that fails, those who wait are refused and the outcomes are kept.
    async fn write(&mut self, batch: Vec<Entry>) {
        let (mut attempts, mut outcomes, mut waiting) =
            (Vec::new(), std::mem::take(&mut self.again), Vec::new());
        let kept_len = outcomes.len();
        let mut answered = Vec::new();
        for entry in batch {
            match entry {
                // Whoever stopped waiting was refused already: its call is not made.
                Entry::Attempt { written, .. } | Entry::Refused { written, .. } if written.is_closed() => {}
                Entry::Attempt { attempt, written } => {
                    attempts.push(attempt);
                    waiting.push(written);
                }
                Entry::Refused { attempt, outcome, written } => {
                    attempts.push(attempt);
                    answered.push(outcome);
                    waiting.push(written);
                }
                Entry::Outcome(outcome) => outcomes.push(outcome),
            }
        }
        if attempts.is_empty() && outcomes.is_empty() {
            return;
        }
        match self.commit(&attempts, outcomes.iter().chain(&answered)).await {
            Ok(()) => {
                for written in waiting {
                    // A caller that left in this moment has a record without an outcome, and no effect.
                    let _ = written.send(());
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, kept_len, refused = waiting.len(), "the audit log cannot be written");
                self.again = outcomes;
            }
        }
    }

    async fn commit<'a>(
        &self,
        attempts: &[Attempt],
        outcomes: impl Iterator<Item = &'a Outcome>,
    ) -> Result<(), pg::PgError> {
        let mut conn = self.pool.get().await?;
        let attempts: Vec<&Attempt> = attempts.iter().collect();
        let outcomes: Vec<&Outcome> = outcomes.collect();
        Ok(store::insert(&mut conn, &attempts, &outcomes).await?)
    }
}
