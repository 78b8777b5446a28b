//! Where one payout stands: derived from its live attempt and its run, stored nowhere else.

use crate::domain::run::RunState;

/// Where one payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutStatus {
    /// Not begun, or waiting for its next attempt.
    Pending,
    /// In an attempt whose outcome is awaited.
    Processing,
    /// In an attempt whose outcome is unknown past its time.
    InDoubt,
    /// Paid.
    Paid,
    /// Proven unpaid, and not tried again by itself.
    Failed,
    /// Cancelled, proven unpaid.
    Cancelled,
    /// Proven unpaid, and replaced by one payout of another run.
    Superseded,
}

impl PayoutStatus {
    /// The status's name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::InDoubt => "IN_DOUBT",
            Self::Paid => "PAID",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Superseded => "SUPERSEDED",
        }
    }
}

/// How far an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// Undecided, inside its time.
    Open,
    /// Undecided, past its time.
    InDoubt,
    /// The rail shows its effect.
    Settled,
    /// It has no effect, for ever.
    Dead,
}

impl AttemptState {
    /// The number in the table `attempt`.
    pub fn code(self) -> i16 {
        match self {
            Self::Open => 1,
            Self::InDoubt => 2,
            Self::Settled => 3,
            Self::Dead => 4,
        }
    }

    /// The state with this number in the table `attempt`.
    pub fn from_code(code: i16) -> Option<Self> {
        [Self::Open, Self::InDoubt, Self::Settled, Self::Dead].into_iter().find(|state| state.code() == code)
    }
}

/// Where a payout stands that nothing replaces, whose live attempt is `live` (none before the first), and which waits for a
/// next one when `again`.
pub fn status(live: Option<AttemptState>, again: bool, run: RunState) -> PayoutStatus {
    let stopped = matches!(run, RunState::Cancelling | RunState::Cancelled);
    match live {
        Some(AttemptState::Open) => PayoutStatus::Processing,
        Some(AttemptState::InDoubt) => PayoutStatus::InDoubt,
        Some(AttemptState::Settled) => PayoutStatus::Paid,
        Some(AttemptState::Dead) if !again => PayoutStatus::Failed,
        None | Some(AttemptState::Dead) if stopped => PayoutStatus::Cancelled,
        None | Some(AttemptState::Dead) => PayoutStatus::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::{AttemptState, PayoutStatus, status};
    use crate::domain::run::RunState;

    #[test]
    fn cancelling_a_run_cancels_only_what_no_undecided_attempt_holds() {
        let of = |live, again| status(live, again, RunState::Cancelling);
        assert_eq!(of(None, false), PayoutStatus::Cancelled);
        assert_eq!(of(Some(AttemptState::Dead), true), PayoutStatus::Cancelled);
        assert_eq!(of(Some(AttemptState::Dead), false), PayoutStatus::Failed);
        assert_eq!(of(Some(AttemptState::Open), false), PayoutStatus::Processing);
        assert_eq!(of(Some(AttemptState::InDoubt), false), PayoutStatus::InDoubt);
        assert_eq!(of(Some(AttemptState::Settled), false), PayoutStatus::Paid);
    }

    #[test]
    fn a_dead_attempt_leaves_its_payout_pending_only_while_a_next_one_is_due() {
        assert_eq!(status(Some(AttemptState::Dead), true, RunState::Running), PayoutStatus::Pending);
        assert_eq!(status(Some(AttemptState::Dead), false, RunState::Running), PayoutStatus::Failed);
        assert_eq!(status(None, false, RunState::Halted), PayoutStatus::Pending);
    }
}
