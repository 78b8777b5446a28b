//! What a look at something that paying depends on came to, and when it is a problem.

/// What it came to, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As it should be.
    Fine,
    /// Payments go on, but somebody should know.
    Warning,
    /// Something cannot be paid as it is.
    Problem,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The database.
    Database,
    /// Our clock against others.
    Clock,
    /// The mirror node.
    Mirror,
    /// A consensus node.
    Node,
    /// A key of a funding account.
    Key,
    /// What a funding account has of an asset.
    Funding,
    /// What a fee payer has.
    FeePayer,
    /// Something a person stopped.
    Pause,
    /// What the caller may do.
    Permissions,
    /// Where a run stands.
    Run,
    /// A recipient that could not be paid.
    Recipient,
    /// An attempt that nobody knows the outcome of.
    Doubt,
}

impl Check {
    /// The stable name in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "DATABASE",
            Self::Clock => "CLOCK",
            Self::Mirror => "MIRROR",
            Self::Node => "NODE",
            Self::Key => "KEY",
            Self::Funding => "FUNDING",
            Self::FeePayer => "FEE_PAYER",
            Self::Pause => "PAUSE",
            Self::Permissions => "PERMISSIONS",
            Self::Run => "RUN",
            Self::Recipient => "RECIPIENT",
            Self::Doubt => "DOUBT",
        }
    }
}

/// One look. Whatever is not fine says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What was looked at.
    pub check: Check,
    /// Which of its kind; empty where there is only one.
    pub subject: String,
    /// What it came to.
    pub outcome: Outcome,
    /// What was seen, for people.
    pub seen: String,
    /// What to do; empty when it is fine.
    pub advice: String,
}

impl Diagnosis {
    /// As it should be.
    pub fn fine(check: Check, subject: impl Into<String>, seen: impl Into<String>) -> Self {
        let (subject, seen) = (subject.into(), seen.into());
        Self { check, subject, outcome: Outcome::Fine, seen, advice: String::new() }
    }

    /// Worth knowing.
    pub fn warning(
        check: Check,
        subject: impl Into<String>,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let advice = advice.into();
        Self { outcome: Outcome::Warning, advice, ..Self::fine(check, subject, seen) }
    }

    /// In the way.
    pub fn problem(
        check: Check,
        subject: impl Into<String>,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { outcome: Outcome::Problem, ..Self::warning(check, subject, seen, advice) }
    }
}

/// From this lag on a mirror node is worth a word: blocks come every two seconds, and take a few to arrive.
const LAG_WARNING_MS: i64 = 30_000;
/// From this lag on outcomes come too late: nodes have forgotten their receipts, and nothing else tells them.
const LAG_PROBLEM_MS: i64 = 180_000;

/// Judges how far the mirror node is behind our clock, by the oldest answer of those behind its address.
pub fn mirror(lag_ms: i64) -> Diagnosis {
    let seen = format!("its newest block ended {} s ago", lag_ms / 1_000);
    let advice = "Wait until it has caught up: outcomes that only it can tell come late. If it stays behind, use another mirror node, and check this machine's clock.";
    if lag_ms >= LAG_PROBLEM_MS {
        Diagnosis::problem(Check::Mirror, "", seen, advice)
    } else if lag_ms >= LAG_WARNING_MS {
        Diagnosis::warning(Check::Mirror, "", seen, advice)
    } else {
        Diagnosis::fine(Check::Mirror, "", seen)
    }
}

/// Judges the difference of our clock to another's, positive when ours is ahead. Transactions start `tolerance_ms` early, so
/// that a clock ahead by less does no harm.
pub fn clock(other: &str, ahead_ms: i64, tolerance_ms: i64) -> Diagnosis {
    let ahead = if ahead_ms < 0 { "behind" } else { "ahead of" };
    let seen = format!("ours is {} ms {ahead} it", ahead_ms.unsigned_abs());
    let advice = "Correct this machine's clock (NTP). Ahead, nodes refuse transactions as not valid yet; behind, they expire early.";
    if ahead_ms.abs() > tolerance_ms.max(1_000) {
        Diagnosis::problem(Check::Clock, other, seen, advice)
    } else if ahead_ms.abs() > 1_000 {
        Diagnosis::warning(Check::Clock, other, seen, advice)
    } else {
        Diagnosis::fine(Check::Clock, other, seen)
    }
}

/// Judges what is there against what is needed.
pub fn funds(check: Check, subject: &str, have: u128, need: u128, unit: &str) -> Diagnosis {
    let seen = format!("has {have} {unit}; {need} are needed for what is to be paid");
    if have >= need {
        return Diagnosis::fine(check, subject, seen);
    }
    let missing = need - have;
    let advice = format!(
        "Send it at least {missing} {unit}; what was stopped goes on by itself then, or at once by a retry."
    );
    Diagnosis::problem(check, subject, seen, advice)
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Fine, Problem, Warning};
    use super::{Check, Outcome, clock, funds, mirror};

    #[test]
    fn a_mirror_node_is_judged_by_how_far_it_is_behind() {
        let outcomes = [-500, 2_000, 29_999, 30_000, 179_999, 180_000].map(|lag| mirror(lag).outcome);
        assert_eq!(outcomes, [Fine, Fine, Fine, Warning, Warning, Problem]);
    }

    #[test]
    fn a_clock_is_a_problem_beyond_the_tolerance_in_either_direction() {
        let outcomes = [0, 1_000, -1_001, 6_000, 6_001, -6_001].map(|ahead| clock("x", ahead, 6_000).outcome);
        assert_eq!(outcomes, [Fine, Fine, Warning, Warning, Problem, Problem]);
        assert!(clock("x", -1_500, 0).seen.contains("1500 ms behind"));
    }

    #[test]
    fn exactly_enough_is_enough_and_what_is_missing_is_said() {
        assert_eq!(funds(Check::Funding, "main", 5, 5, "units").outcome, Outcome::Fine);
        let short = funds(Check::Funding, "main", 3, 5, "units");
        assert!(short.outcome == Outcome::Problem && short.advice.contains("at least 2 units"), "{short:?}");
    }
}
