//! Places where a test can end or stop this process: before and after every commit and every send. See
//! [`service_kit::failpoints`].

pub(crate) use service_kit::failpoints::here;

/// Every place, for the suite that must reach them all.
pub const ALL: &[&str] = &[
    "start_run.before_copy",
    "start_run.before_commit",
    "start_run.after_commit",
    "intend.before_commit",
    "intend.after_commit",
    "send.before",
    "send.after",
    "resend.before_commit",
    "resend.after_commit",
    "sentinel.before",
    "sentinel.after",
    "record.before_commit",
    "record.after_commit",
    "finish.before_commit",
    "finish.after_commit",
    "retry.before_commit",
    "retry.after_commit",
    "retry_payouts.before_commit",
    "retry_payouts.after_commit",
    "supersede.before_commit",
    "supersede.after_commit",
    "cancel.before_commit",
    "cancel.after_commit",
    "pause.before_commit",
    "pause.after_commit",
];
