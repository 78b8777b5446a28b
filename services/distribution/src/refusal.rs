//! Why a change of terms, an approval, or an execution for want of one is refused.

use ids::DistributionId;
use service_kit::error::Problem;
use tonic::Code;

use crate::domain::approval::NotApproved;
use crate::error::precondition;

/// It is refused; each with the stable reason that is told.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// `FAILED_PRECONDITION`, with the reason of [`NotApproved::reason`].
    #[error("distribution {id}: {source}")]
    NotApproved {
        /// The distribution.
        id: DistributionId,
        /// Why.
        source: NotApproved,
    },
    /// `FAILED_PRECONDITION`, reason `APPROVER_IS_CREATOR`.
    #[error("whoever made distribution {0} does not approve it")]
    ApproverIsCreator(DistributionId),
    /// `PERMISSION_DENIED`, reason `NOT_A_PERSON`.
    #[error("a service approves nothing")]
    NotAPerson,
    /// `FAILED_PRECONDITION`, reason `VERSION_CHANGED`.
    #[error("the terms of distribution {0} were changed")]
    TermsChanged(DistributionId),
    /// `FAILED_PRECONDITION`, reason `TOO_MANY_VERSIONS`.
    #[error("the terms of distribution {0} were changed too often")]
    TooManyVersions(DistributionId),
    /// `FAILED_PRECONDITION`, reason `TOO_MANY_REQUESTS`.
    #[error("approval of distribution {0} was asked for too often")]
    TooManyRequests(DistributionId),
    /// `NOT_FOUND`, reason `APPROVAL_POLICY_NOT_FOUND`.
    #[error("there is no such approval policy")]
    PolicyNotFound,
    /// `FAILED_PRECONDITION`, reason `VERSION_CHANGED`.
    #[error("the approval policy was changed")]
    PolicyChanged,
}

impl Refusal {
    /// What the caller is told.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::NotApproved { id, source } => precondition(source.reason(), id, source.message()),
            Self::ApproverIsCreator(id) => precondition(
                "APPROVER_IS_CREATOR",
                id,
                "whoever created or changed it, or its schedule, does not approve it; somebody else has to",
            ),
            Self::NotAPerson => {
                Problem::user(Code::PermissionDenied, "NOT_A_PERSON", "only people approve and reject")
            }
            Self::TermsChanged(id) => {
                let message = "somebody changed the distribution meanwhile; read it again";
                precondition("VERSION_CHANGED", id, message)
            }
            Self::TooManyVersions(id) => {
                let message = "its terms were changed too often; cancel it, and create another one";
                precondition("TOO_MANY_VERSIONS", id, message)
            }
            Self::TooManyRequests(id) => {
                let message = "its approval was asked for too often; cancel it, and create another one";
                precondition("TOO_MANY_REQUESTS", id, message)
            }
            Self::PolicyNotFound => {
                Problem::user(Code::NotFound, "APPROVAL_POLICY_NOT_FOUND", "there is no such approval policy")
            }
            Self::PolicyChanged => precondition(
                "VERSION_CHANGED",
                &"approval policy",
                "somebody set the policy meanwhile; read it again",
            ),
        }
    }
}
