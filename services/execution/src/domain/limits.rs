//! How much may be paid from a funding account in one asset.

use std::time::SystemTime;

/// What people allow, in smallest units; none is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of one payout.
    pub per_payout: Option<u128>,
    /// Of one run in all.
    pub per_run: Option<u128>,
    /// Of one day in all, in UTC by the database's clock.
    pub per_day: Option<u128>,
}

/// Limits as somebody set them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetLimits {
    /// From 1; the highest counts.
    pub version: u32,
    /// What is allowed.
    pub limits: Limits,
    /// Who set it.
    pub set_by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub set_at: SystemTime,
    /// What today's limit has been taken for: paid, or under way.
    pub reserved_today: u128,
}
