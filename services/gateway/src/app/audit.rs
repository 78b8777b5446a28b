//! The audit log, as the edge uses it: nothing with effects is forwarded before its attempt is committed.
//!
//! One task writes (`audit_writer`), many calls at a time in one commit. The queue is bounded: when the database is
//! slower than the callers, or away, calls are refused rather than forwarded without a record.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ids::{AuditId, IdSource};
use service_kit::clock::Clock;
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tonic::Code;

use super::audit_writer::{Entry, Writer};
use super::strangers::Strangers;
use crate::domain::{Attempt, Outcome};
use crate::error::Error;

/// Records waiting to be written.
const QUEUE_LEN: usize = 4096;
/// How long a call waits for its record.
const WRITE_TIMEOUT: Duration = Duration::from_secs(3);
/// Reason of a call that was neither answered nor refused: its caller left, its deadline passed, its token expired,
/// or the gateway stopped. What the service did is in the service's own records.
const CUT_OFF: &str = "CUT_OFF";

/// The log. Clones share the queue.
#[derive(Clone)]
pub(crate) struct AuditLog {
    queue: mpsc::Sender<Entry>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    strangers: Arc<Mutex<Strangers>>,
}

impl AuditLog {
    /// The log, and what writes it; it writes once [`Writer::run`] is awaited. `strangers_max` refusals of callers who did
    /// not prove who they are have records of their own at once.
    pub(crate) fn new(
        pool: pg::Pool,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        strangers_max: u32,
    ) -> (AuditLog, Writer) {
        let (queue, entries) = mpsc::channel(QUEUE_LEN);
        let strangers = Arc::new(Mutex::new(Strangers::new(strangers_max, Instant::now())));
        (AuditLog { queue, clock, ids, strangers }, Writer::new(entries, pool))
    }

    /// An attempt that begins now, to be filled in.
    pub(crate) fn attempt(&self, method: &str) -> Attempt {
        Attempt {
            id: AuditId::new(self.ids.as_ref()),
            at: self.clock.now(),
            subject: None,
            roles: auth::RoleSet::EMPTY,
            method: method.to_owned(),
            idempotency_key: None,
            peer: None,
            request: None,
            left_out: 0,
        }
    }

    /// Commits an attempt. When this returns a ticket it is in the log for good.
    pub(crate) async fn begin(&self, attempt: Attempt, started: Instant) -> Result<Ticket, Error> {
        let id = attempt.id;
        // The place for the outcome is taken first, so that a call that was made can always be finished.
        let place = timeout(WRITE_TIMEOUT, self.queue.clone().reserve_owned()).await;
        let place = place.map_err(|_| Error::AuditUnavailable)?.map_err(|_| Error::AuditUnavailable)?;
        self.write(|written| Entry::Attempt { attempt, written }).await?;
        Ok(Ticket { id, started, place: Some(place), clock: Arc::clone(&self.clock) })
    }

    /// Commits an attempt that the edge refused, with its outcome. Where the caller did not prove who it is, beyond a rate it
    /// is counted in the next such record.
    pub(crate) async fn refused(
        &self,
        mut attempt: Attempt,
        code: Code,
        reason: &str,
        started: Instant,
    ) -> Result<(), Error> {
        if attempt.subject.is_none() {
            let next = self.strangers().next(Instant::now());
            let Some(left_out) = next else { return Ok(()) };
            attempt.left_out = left_out;
        }
        let left_out = attempt.left_out;
        let outcome = Outcome {
            id: attempt.id,
            at: self.clock.now(),
            code,
            reason: Some(reason.to_owned()),
            duration: started.elapsed(),
        };
        let written = self.write(|written| Entry::Refused { attempt, outcome, written }).await;
        if written.is_err() {
            self.strangers().untold(left_out);
        }
        written
    }

    fn strangers(&self) -> std::sync::MutexGuard<'_, Strangers> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, entry: impl FnOnce(oneshot::Sender<()>) -> Entry) -> Result<(), Error> {
        let (written, is_written) = oneshot::channel();
        let queued_and_written = async {
            self.queue.send(entry(written)).await.map_err(|_| Error::AuditUnavailable)?;
            is_written.await.map_err(|_| Error::AuditUnavailable)
        };
        timeout(WRITE_TIMEOUT, queued_and_written).await.unwrap_or(Err(Error::AuditUnavailable))
    }
}

/// A recorded call under way. Dropped without [`Ticket::finish`] it records that the call was cut off.
pub(crate) struct Ticket {
    id: AuditId,
    started: Instant,
    place: Option<OwnedPermit<Entry>>,
    clock: Arc<dyn Clock>,
}

impl Ticket {
    /// Records how the call ended.
    pub(crate) fn finish(mut self, code: Code, reason: Option<String>) {
        self.record(code, reason);
    }

    fn record(&mut self, code: Code, reason: Option<String>) {
        if let Some(place) = self.place.take() {
            let (at, duration) = (self.clock.now(), self.started.elapsed());
            place.send(Entry::Outcome(Outcome { id: self.id, at, code, reason, duration }));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.record(Code::Cancelled, Some(CUT_OFF.to_owned()));
    }
}
