//! Takes one piece of work from the queue and sees it through: done, tried again later, or given up.

use std::future::Future;
use std::time::Instant;

use ids::Uuid;
use pg::PgError;
use service_kit::Shutdown;

use super::{App, work_snapshot, work_sync};
use crate::clients::ReadError;
use crate::domain::{ABANDONED, BEGINNINGS_MAX, JobFailure, backoff};
use crate::error::Error;
use crate::store::jobs::{Lease, Work};
use crate::store::{StoreError, jobs, snapshots, syncs};

/// Why work stopped before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// It failed.
    #[error("{}: {cause}", .failure.reason)]
    Failed {
        /// How.
        failure: JobFailure,
        /// Why, for the log.
        cause: String,
    },
    /// Another has it now: nothing more may be written.
    #[error("the lease was lost")]
    LeaseLost,
    /// We are told to stop.
    #[error("the service stops")]
    ShuttingDown,
}

impl Stop {
    pub(super) fn because(failure: JobFailure, cause: impl std::fmt::Display) -> Self {
        Self::Failed { failure, cause: cause.to_string() }
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        let failure = match &error {
            ReadError::Mirror(mirror) => JobFailure::again(mirror.reason()),
            ReadError::Disagrees { .. } => JobFailure::MIRROR_DISAGREES,
            ReadError::OutsideRealm(_) => JobFailure::ACCOUNT_OUTSIDE_REALM,
            ReadError::Decimals(_) => JobFailure::TOKEN_DECIMALS_UNSUPPORTED,
        };
        Self::because(failure, error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::because(JobFailure::STORAGE_FAILED, chain(&error))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::because(JobFailure::STORAGE_FAILED, chain(&error))
    }
}

impl From<PgError> for Stop {
    fn from(error: PgError) -> Self {
        Self::because(JobFailure::STORAGE_FAILED, chain(&error))
    }
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        StoreError::from(error).into()
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |cause| (*cause).source());
    sources.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Works on what has waited longest; says whether there was anything.
pub(crate) async fn work_next(app: &App, owner: Uuid, shutdown: &Shutdown) -> Result<bool, Error> {
    let claimed = jobs::claim(&mut *app.conn().await?, owner, app.pace.lease).await?;
    let Some(lease) = claimed else { return Ok(false) };
    if lease.epoch > BEGINNINGS_MAX {
        give_up(app, &lease, ABANDONED).await?;
        return Ok(true);
    }
    let outcome = match lease.work {
        Work::Sync(id) => work_sync::run(app, &lease, id, shutdown).await,
        Work::Snapshot(id) => work_snapshot::run(app, &lease, id, shutdown).await,
    };
    match outcome {
        Ok(()) => {}
        Err(Stop::LeaseLost) => {
            tracing::warn!(work = ?lease.work, epoch = lease.epoch, "lease lost; another has it");
        }
        Err(Stop::ShuttingDown) => jobs::release(&mut *app.conn().await?, &lease).await?,
        Err(Stop::Failed { failure, cause }) => failed(app, &lease, failure, &cause).await?,
    }
    Ok(true)
}

async fn failed(app: &App, lease: &Lease, failure: JobFailure, cause: &str) -> Result<(), Error> {
    let failures = lease.failures + 1;
    if failure.is_tried_again(failures) {
        let pause = backoff(app.pace.retry_first, failures);
        tracing::warn!(work = ?lease.work, failures, reason = failure.reason, cause, ?pause, "work failed; it will be tried again");
        return Ok(jobs::postpone(&mut *app.conn().await?, lease, pause).await?);
    }
    tracing::error!(work = ?lease.work, failures, reason = failure.reason, cause, "work failed and is given up");
    give_up(app, lease, failure.reason).await
}

/// Ends the work with a reason, unless another has it.
async fn give_up(app: &App, lease: &Lease, reason: &'static str) -> Result<(), Error> {
    let at = app.clock.now();
    let mut conn = app.conn().await?;
    pg::transaction(&mut conn, async |conn| {
        if !jobs::hold(conn, lease).await? {
            return Ok(());
        }
        match lease.work {
            Work::Sync(id) => syncs::set_failed(conn, id, at, reason).await?,
            Work::Snapshot(id) => snapshots::set_failed(conn, id, reason).await?,
        }
        Ok(jobs::remove(conn, lease).await?)
    })
    .await
}

/// Does `reading` while the lease is extended beside it. Reading may be cut off anywhere; what it wrote means nothing until
/// a transaction under [`jobs::hold`] says otherwise, and that one must not run in here: no COMMIT is ever cut off.
pub(super) async fn while_held<T>(
    app: &App,
    lease: &Lease,
    shutdown: &Shutdown,
    reading: impl Future<Output = Result<T, Stop>>,
) -> Result<T, Stop> {
    tokio::select! {
        result = reading => result,
        () = lost(app, lease) => Err(Stop::LeaseLost),
        () = shutdown.cancelled() => Err(Stop::ShuttingDown),
    }
}

/// Extends the lease until that is no longer possible.
async fn lost(app: &App, lease: &Lease) {
    let mut held_since = Instant::now();
    while held_since.elapsed() < app.pace.lease {
        tokio::time::sleep(app.pace.lease / 3).await;
        match extend(app, lease).await {
            Ok(true) => held_since = Instant::now(),
            Ok(false) => return,
            Err(error) => tracing::warn!(error = chain(&error), "cannot extend a lease; trying again"),
        }
    }
}

async fn extend(app: &App, lease: &Lease) -> Result<bool, Error> {
    Ok(jobs::extend(&mut *app.conn().await?, lease, app.pace.lease).await?)
}
