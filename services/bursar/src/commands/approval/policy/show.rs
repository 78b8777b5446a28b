//! `bursar approval policy show`.

use proto::distribution::v1::GetApprovalPolicyRequest;

use super::Scope;
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Show a policy, or an earlier version of it.
#[derive(Debug, clap::Args)]
pub struct Show {
    #[command(flatten)]
    scope: Scope,
    /// The one in force when absent.
    #[arg(long, default_value_t = 0)]
    version: u32,
}

impl Show {
    /// Prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = GetApprovalPolicyRequest {
            kind: self.scope.kind().into(),
            payment_token: self.scope.payment_token,
            version: self.version,
        };
        let answer = session.edge.approvals().get_approval_policy(request).await?.into_inner();
        let policy = answer.policy.ok_or(CommandError::missing("policy"))?;
        let text = || table(&super::COLUMNS, [super::row(&policy)]);
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.ApprovalPolicy", &policy), text)?)
    }
}
