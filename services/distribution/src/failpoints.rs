//! Places where a test can end or stop this process: before and after every commit and everything that is asked of another
//! service. See [`service_kit::failpoints`].

pub(crate) use service_kit::failpoints::here;

/// Every place: the ways on which they are, each for the suite that must reach all of its places.
pub const ALL: [&[&str]; 2] = [OCCURRENCE, FILE];

/// On the way of an occurrence from its schedule to its run.
pub const OCCURRENCE: &[&str] = &[
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

/// On the way of a file of payees from its bytes to its distribution.
pub const FILE: &[&str] = &["ingest.stored", "ingest.before_commit", "ingest.after_commit"];
