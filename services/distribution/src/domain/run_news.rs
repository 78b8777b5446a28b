//! What execution says about a run, as far as it matters to the distribution.

use super::failure::Failure;

/// What execution says about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunNews {
    /// It is being paid.
    Running,
    /// It is held by a pause.
    Paused(Failure),
    /// It is stopped by a failure an operator must end.
    Halted(Failure),
    /// It is cancelled, and what is in flight is followed.
    Cancelling,
    /// Every payout is paid.
    Completed,
    /// It ended with something proven unpaid.
    Failed(Failure),
    /// It is cancelled, and nothing is in flight.
    Cancelled,
}
