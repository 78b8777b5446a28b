//! The row of where a distribution stands, and the domain type it makes.

use diesel::prelude::{Queryable, Selectable};
use ids::Uuid;

use super::Inconsistent;
use super::rows::known;
use super::schema::distribution_state;
use crate::domain::distribution::RunReport;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::state::State;

/// The part of `distribution_state` that can be seen; the lease is apart.
#[derive(Queryable, Selectable)]
#[diesel(table_name = distribution_state, check_for_backend(diesel::pg::Pg))]
pub(super) struct StateRow {
    distribution_id: Uuid,
    state: String,
    pub(super) version: i64,
    failure_reason: Option<String>,
    failure_class: Option<String>,
    failure_hint: Option<String>,
    pub(super) cancel_reason: String,
    pub(super) executed_ns: Option<i64>,
    ended_ns: Option<i64>,
    run_progress: Option<Vec<u8>>,
    run_failed: i64,
    pub(super) terms_version: i32,
}

/// The name of a state in the database.
pub(super) const fn state_name(state: &State) -> &'static str {
    match state {
        State::SnapshotWanted => "SNAPSHOT_WANTED",
        State::Snapshotting => "SNAPSHOTTING",
        State::PendingApproval => "PENDING_APPROVAL",
        State::Unapproved(_) => "UNAPPROVED",
        State::Upcoming => "UPCOMING",
        State::Due => "DUE",
        State::Refused(_) => "REFUSED",
        State::Ongoing => "ONGOING",
        State::Retrying => "RETRYING",
        State::Paused(_) => "PAUSED",
        State::Halted(_) => "HALTED",
        State::Cancelling => "CANCELLING",
        State::Completed { .. } => "COMPLETED",
        State::CalculationFailed { .. } => "CALCULATION_FAILED",
        State::RunFailed { .. } => "RUN_FAILED",
        State::Cancelled { .. } => "CANCELLED",
    }
}

impl StateRow {
    pub(super) fn report(&self) -> Result<Option<RunReport>, Inconsistent> {
        let failed = u64::try_from(self.run_failed).ok();
        let failed_payouts = known(failed, "distribution_state", self.distribution_id, "run_failed")?;
        Ok(self.run_progress.clone().map(|progress| RunReport { progress, failed_payouts }))
    }

    pub(super) fn into_state(self) -> Result<State, Inconsistent> {
        const TABLE: &str = "distribution_state";
        let row = self.distribution_id;
        let ended = known(self.ended_ns, TABLE, row, "ended_ns");
        let failure = || {
            let class = self.failure_class.as_deref().and_then(FailureClass::from_name);
            let parts = (self.failure_reason.clone(), class, self.failure_hint.clone());
            let (Some(reason), Some(class), Some(hint)) = parts else {
                return known(None, TABLE, row, "failure_reason");
            };
            Ok(Failure { reason, class, hint })
        };
        Ok(match self.state.as_str() {
            "SNAPSHOT_WANTED" => State::SnapshotWanted,
            "SNAPSHOTTING" => State::Snapshotting,
            "PENDING_APPROVAL" => State::PendingApproval,
            "UNAPPROVED" => State::Unapproved(failure()?),
            "UPCOMING" => State::Upcoming,
            "DUE" => State::Due,
            "REFUSED" => State::Refused(failure()?),
            "ONGOING" => State::Ongoing,
            "RETRYING" => State::Retrying,
            "PAUSED" => State::Paused(failure()?),
            "HALTED" => State::Halted(failure()?),
            "CANCELLING" => State::Cancelling,
            "COMPLETED" => State::Completed { ended_ns: ended? },
            "CALCULATION_FAILED" => State::CalculationFailed { failure: failure()?, ended_ns: ended? },
            "RUN_FAILED" => State::RunFailed { failure: failure()?, ended_ns: ended? },
            "CANCELLED" => State::Cancelled { ended_ns: ended? },
            _ => return known(None, TABLE, row, "state"),
        })
    }
}
