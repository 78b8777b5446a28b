//! Places where a test can end or stop this process: on the way of an occurrence from its schedule to its run, before and
//! after every commit and everything that is asked of another service. See [`service_kit::failpoints`].

pub(crate) use service_kit::failpoints::here;

/// Every place, for the suite that must reach them all.
pub const ALL: &[&str] = &[
    "fire.before_commit",
    "fire.after_commit",
    "snapshot.before_ask",
    "snapshot.after_ask",
    "calculate.before_commit",
    "calculate.after_commit",
    "approve.before_commit",
    "approve.after_commit",
    "execute.before_commit",
    "execute.after_commit",
    "start.before",
    "start.after",
];
