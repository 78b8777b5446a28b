//! A sweep: looking on the rail for payments that a restored or failed-over database has forgotten.

use std::time::SystemTime;

use hedera::AccountId;

/// The history of a database cluster that this data lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Minted with the cluster; a physical copy keeps it.
    pub system_identifier: i64,
    /// Rises with each promotion and point-in-time recovery.
    pub timeline: u32,
}

/// Why a sweep is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The data was new here: there is nothing to look for.
    First,
    /// The data lives in another cluster, as after a restore of a dump.
    SystemIdentifierChanged,
    /// The cluster's history has forked, as after a failover or a recovery to a point in time.
    TimelineChanged,
    /// A person said so: a copy of the files that was put back cannot be told from the original.
    Declared,
}

impl Reason {
    /// The text in the table `sweep`.
    pub fn code(self) -> &'static str {
        match self {
            Self::First => "FIRST",
            Self::SystemIdentifierChanged => "SYSTEM_IDENTIFIER_CHANGED",
            Self::TimelineChanged => "TIMELINE_CHANGED",
            Self::Declared => "DECLARED",
        }
    }

    /// The reason with this text.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::First, Self::SystemIdentifierChanged, Self::TimelineChanged, Self::Declared]
            .into_iter()
            .find(|reason| reason.code() == code)
    }
}

/// Why data known to live in `known` must be swept now that it lives in `here`; none when it does not have to.
pub fn change(known: Identity, here: Identity) -> Option<Reason> {
    if known.system_identifier != here.system_identifier {
        return Some(Reason::SystemIdentifierChanged);
    }
    (known.timeline != here.timeline).then_some(Reason::TimelineChanged)
}

/// The network's time between which a forgotten payment can have taken effect, nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Not earlier.
    pub since_ns: i64,
    /// Not later.
    pub until_ns: i64,
}

/// One sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// From 1; the highest counts.
    pub number: u32,
    /// Why.
    pub reason: Reason,
    /// Where the data lives.
    pub identity: Identity,
    /// Who wanted it.
    pub wanted_by: String,
    /// What a person said of it; empty when none did.
    pub note: String,
    /// When.
    pub wanted_at: SystemTime,
    /// What is looked through.
    pub span: Span,
    /// When all of it was looked through; none while that goes on.
    pub done_at: Option<SystemTime>,
}

/// How far one fee payer's transactions were looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The fee payer.
    pub account: AccountId,
    /// Everything up to here was seen, nanoseconds since the epoch.
    pub cursor_ns: i64,
    /// How many pages were read.
    pub pages: u32,
    /// Nothing is left to look at.
    pub done: bool,
}

#[cfg(test)]
mod tests {
    use super::{Identity, Reason, change};

    #[test]
    fn only_another_cluster_or_another_timeline_is_a_change() {
        let known = Identity { system_identifier: 7, timeline: 2 };
        assert_eq!(change(known, known), None);
        let promoted = Identity { timeline: 3, ..known };
        assert_eq!(change(known, promoted), Some(Reason::TimelineChanged));
        // A recovery from an older backup ends on a timeline that need not be higher.
        assert_eq!(change(promoted, known), Some(Reason::TimelineChanged));
        let dumped = Identity { system_identifier: 8, timeline: 1 };
        assert_eq!(change(known, dumped), Some(Reason::SystemIdentifierChanged));
    }

    #[test]
    fn a_reason_survives_its_text() {
        for reason in
            [Reason::First, Reason::SystemIdentifierChanged, Reason::TimelineChanged, Reason::Declared]
        {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(Reason::from_code("?"), None);
    }
}
