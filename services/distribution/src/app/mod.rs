//! The use cases, one file each. Every one is told who acts.

pub(crate) mod advance;
mod approval;
mod approve_distribution;
mod calculate;
mod cancel_distribution;
mod check_payees;
mod compare_previous;
mod create_distribution;
mod create_schedule;
mod draft;
mod duty;
mod execute_distribution;
mod expire_approvals;
mod fire_schedules;
mod forecast_funding;
mod ingest_file;
mod preview_distribution;
mod read;
mod read_policies;
mod read_schedules;
mod reject_distribution;
mod rerun_distribution;
mod retry_distribution;
mod retry_payouts;
mod run_report;
mod schedule_draft;
mod set_approval_policy;
mod settle;
mod skip_occurrence;
mod steer_schedule;
mod update_distribution;
mod update_schedule;

use std::sync::Arc;
use std::time::Duration;

use ids::IdSource;
use money::Network;
use pg::{Conn, Pool};
use service_kit::clock::Clock;
use service_kit::idempotency::IdempotencyKey;
use tokio::sync::{Notify, Semaphore};

use crate::clients::{Assets, Execution, Holders};
use crate::error::Error;
use crate::time;

pub(crate) use approve_distribution::approve_distribution;
pub(crate) use cancel_distribution::cancel_distribution;
pub(crate) use check_payees::{PayeeChecks, Unpayable};
pub(crate) use compare_previous::Duplicate;
pub(crate) use create_distribution::create_distribution;
pub(crate) use create_schedule::{Scheduled, create_schedule, preview_schedule};
pub(crate) use draft::{AskedRule, Draft};
pub(crate) use execute_distribution::execute_distribution;
pub(crate) use expire_approvals::expire_approvals;
pub(crate) use fire_schedules::fire_schedules;
pub(crate) use ingest_file::{IngestDraft, ingest_file};
pub(crate) use preview_distribution::{Preview, Unpaid, preview_distribution};
pub(crate) use read::{
    Owed, OwedCursor, get_distribution, get_ingest_file, list_carry_forwards, list_distributions,
    list_entitlements, list_ingest_errors, list_ingest_files, version,
};
pub(crate) use read_policies::{get_approval_policy, list_approval_policies};
pub(crate) use read_schedules::{get_schedule, list_recorded, list_schedules, list_upcoming};
pub(crate) use reject_distribution::reject_distribution;
pub(crate) use rerun_distribution::{Rerun, rerun_distribution};
pub(crate) use retry_distribution::{Retried, retry_distribution};
pub(crate) use retry_payouts::retry_payouts;
pub(crate) use schedule_draft::ScheduleDraft;
pub(crate) use set_approval_policy::{PolicyDraft, set_approval_policy};
pub(crate) use skip_occurrence::{Skipping, skip_occurrence};
pub(crate) use steer_schedule::steer_schedule;
pub(crate) use update_distribution::{Change, update_distribution};
pub(crate) use update_schedule::update_schedule;

/// What the use cases work with.
#[derive(Clone)]
pub(crate) struct App {
    /// This service's database.
    pub pool: Pool,
    /// The same database, for bulk writes, which have connections of their own.
    pub copy_url: Arc<str>,
    /// The network of the installation.
    pub network: Network,
    /// The asset service.
    pub assets: Assets,
    /// The holder service.
    pub holders: Holders,
    /// The execution service.
    pub execution: Execution,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// How long a preview waits for its snapshot.
    pub preview_wait: Duration,
    /// Calculations held in memory at the same time, previews included: a million holders take some 150 MB.
    pub calculations: Arc<Semaphore>,
    /// Files read at the same time.
    pub ingests: Arc<Semaphore>,
    /// Wakes this replica's job, so that it need not wait for its next look.
    pub woken: Arc<Notify>,
}

impl App {
    async fn conn(&self) -> Result<Conn<'_>, Error> {
        Ok(self.pool.get().await?)
    }

    /// Now, in nanoseconds since the epoch.
    fn now_ns(&self) -> i64 {
        time::nanos_of(self.clock.now())
    }

    /// A key for a call to another service that is repeatable by what it says, not by its key.
    fn fresh_key(&self) -> IdempotencyKey {
        let text = self.ids.uuid().simple().to_string();
        IdempotencyKey::new(&text).expect("32 hexadecimal digits are a key")
    }
}
