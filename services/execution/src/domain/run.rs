//! A run: what was declared, and how far it is.

use ids::{AssetId, DistributionId, FundingAccountId, RunId};
use money::AssetCode;

use crate::domain::attempt::Cause;
use crate::domain::retry::RetryPolicy;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Being paid.
    Running,
    /// Nothing new is sent until an operator has ended the cause.
    Halted,
    /// Nothing new is sent; what was in flight is followed to its end.
    Cancelling,
    /// Every payout is paid.
    Completed,
    /// Ended with at least one payout proven unpaid.
    Failed,
    /// Cancelled, and nothing is in flight.
    Cancelled,
}

impl RunState {
    /// Whether payouts may be intended and sent.
    pub fn may_send(self) -> bool {
        self == Self::Running
    }

    /// Whether nothing will change any more by itself.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether a retry can bring it back to running.
    pub fn may_retry(self) -> bool {
        matches!(self, Self::Running | Self::Halted | Self::Failed)
    }

    /// Whether there is something left to cancel.
    pub fn may_cancel(self) -> bool {
        matches!(self, Self::Running | Self::Halted | Self::Cancelling)
    }

    /// The number in the table `run`.
    pub fn code(self) -> i16 {
        match self {
            Self::Running => 1,
            Self::Halted => 2,
            Self::Cancelling => 3,
            Self::Completed => 4,
            Self::Failed => 5,
            Self::Cancelled => 6,
        }
    }

    /// The state with this number in the table `run`.
    pub fn from_code(code: i16) -> Option<Self> {
        [Self::Running, Self::Halted, Self::Cancelling, Self::Completed, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.code() == code)
    }

    /// The state's name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Halted => "HALTED",
            Self::Cancelling => "CANCELLING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// What a run is, as declared by whoever starts it.
#[derive(Clone, Debug)]
pub struct Header {
    /// Minted by the caller.
    pub run: RunId,
    /// The asset whose holders are paid, whose pause holds the run; none when they are nobody's holders, and for runs from
    /// before this was said.
    pub held_asset: Option<AssetId>,
    /// The distribution it pays; none for a withdrawal.
    pub distribution: Option<DistributionId>,
    /// Where the money comes from.
    pub funding_account: FundingAccountId,
    /// What is paid.
    pub asset: AssetCode,
    /// Decimals of one whole unit of the asset.
    pub decimals: u8,
    /// Number of instructions.
    pub count: u32,
    /// Their sum in smallest units.
    pub total_units: u128,
    /// Root over them.
    pub entitlement_root: [u8; 32],
    /// Payouts per batch.
    pub batch_size: u32,
    /// Batches worked on at the same time.
    pub parallelism: u32,
    /// Which failures are tried again, how often and when.
    pub retry: RetryPolicy,
    /// The run whose unpaid payouts this one replaces.
    pub supersedes: Option<RunId>,
}

/// A run as it is stored.
#[derive(Clone, Debug)]
pub struct Run {
    /// What was declared.
    pub header: Header,
    /// Names the instructions that count.
    pub load_id: ids::Uuid,
    /// How far it is.
    pub state: RunState,
    /// Why it is halted.
    pub halt: Option<Cause>,
}

#[cfg(test)]
mod tests {
    use super::RunState;

    const ALL: [RunState; 6] = [
        RunState::Running,
        RunState::Halted,
        RunState::Cancelling,
        RunState::Completed,
        RunState::Failed,
        RunState::Cancelled,
    ];

    #[test]
    fn a_state_survives_its_number() {
        for state in ALL {
            assert_eq!(RunState::from_code(state.code()), Some(state));
        }
        assert_eq!(RunState::from_code(0), None);
    }

    #[test]
    fn only_a_running_run_sends_and_a_cancelled_one_never_runs_again() {
        let sending: Vec<RunState> = ALL.into_iter().filter(|state| state.may_send()).collect();
        assert_eq!(sending, [RunState::Running]);
        assert!(!RunState::Cancelling.may_retry() && !RunState::Cancelled.may_retry());
        assert!(!RunState::Completed.may_retry(), "there is nothing to retry where all is paid");
    }

    #[test]
    fn what_has_ended_cannot_be_cancelled() {
        for state in ALL {
            assert_eq!(state.may_cancel(), !state.has_ended(), "{}", state.name());
        }
    }
}
