//! Alerts: what an operator has to end before a halted run goes on.

use std::time::SystemTime;

use ids::{AlertId, DistributionId, RunId};

use crate::domain::attempt::Cause;

/// Something that an operator has to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The run that halted.
    pub run: RunId,
    /// What the run pays; none where it is a withdrawal.
    pub distribution: Option<DistributionId>,
    /// What is wrong.
    pub cause: Cause,
    /// What to do about it, as it was said when the alert was raised.
    pub hint: String,
    /// When it was raised.
    pub raised_at: SystemTime,
    /// When the run went on or was cancelled.
    pub ended_at: Option<SystemTime>,
    /// The run went on by itself, because what was wrong was seen to be so no more.
    pub ended_by_itself: bool,
}
