//! Why something failed, and whose act ends it.

/// What kind of act ends a failure; as `bursar.type.v1.FailureClass`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// Time does.
    Retryable,
    /// The payee must change something.
    Recipient,
    /// The operator must: funds, settings, another service.
    Operator,
    /// A compliance decision is needed.
    Compliance,
    /// A defect of ours.
    Bug,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [Self; 5] =
        [Self::Retryable, Self::Recipient, Self::Operator, Self::Compliance, Self::Bug];

    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retryable => "RETRYABLE",
            Self::Recipient => "RECIPIENT",
            Self::Operator => "OPERATOR",
            Self::Compliance => "COMPLIANCE",
            Self::Bug => "BUG",
        }
    }

    /// The class with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

/// Why a distribution failed or is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable, upper snake case.
    pub reason: String,
    /// What kind of act ends it.
    pub class: FailureClass,
    /// What to do, in a sentence.
    pub hint: String,
}

impl Failure {
    /// A failure with these words.
    pub fn new(reason: impl Into<String>, class: FailureClass, hint: impl Into<String>) -> Self {
        Self { reason: reason.into(), class, hint: hint.into() }
    }

    /// An approver sent it back.
    pub(crate) fn rejected() -> Self {
        let hint = "An approver rejected it and said why; modify it, retry to ask again, or cancel it.";
        Self::new("APPROVAL_REJECTED", FailureClass::Operator, hint)
    }

    /// The approval came too late, or was not used in time.
    pub(crate) fn expired() -> Self {
        let hint =
            "It was not approved, or not executed, in time; retry to ask again, modify it, or cancel it.";
        Self::new("APPROVAL_EXPIRED", FailureClass::Operator, hint)
    }
}
