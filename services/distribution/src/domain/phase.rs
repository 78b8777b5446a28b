//! Where a distribution stands, as the contract says it.

/// The contract's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Somebody else has to approve it.
    PendingApproval,
    /// Balances are being frozen and entitlements calculated.
    Snapshotting,
    /// Calculated; nothing is paid until it is executed.
    Upcoming,
    /// Being paid.
    Ongoing,
    /// Stopped until somebody resumes it.
    Paused,
    /// Every payout is paid.
    Completed,
    /// Ended with something definitely unpaid, or the calculation failed.
    Failed,
    /// Cancelled; what was paid stays paid.
    Cancelled,
}

impl Phase {
    /// The name in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingApproval => "PENDING_APPROVAL",
            Self::Snapshotting => "SNAPSHOTTING",
            Self::Upcoming => "UPCOMING",
            Self::Ongoing => "ONGOING",
            Self::Paused => "PAUSED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}
