//! The execution service: who recipients are, and whether payees could receive.

use std::time::Duration;

use auth::Actor;
use money::AssetCode;
use proto::execution::v1 as pb;

use super::execution::{Execution, halt};
use super::{PeerError, WRITE_DEADLINE};
use crate::domain::account::{Account, EvmAddress};
use crate::domain::failure::Failure;

/// How long an answer about many recipients may take: execution gives up before that.
const CHECK_DEADLINE: Duration = Duration::from_secs(30);

/// Whose account an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// This one.
    Account(Account),
    /// It is none that can be paid.
    Nobody {
        /// Stable: `ACCOUNT_NOT_FOUND`, `ACCOUNT_DELETED`.
        reason: String,
        /// What to do.
        hint: String,
    },
}

impl Execution {
    /// What stands against paying each of `payees` now, in their order; nothing for those who could be paid. Asked once:
    /// execution itself asks the network again.
    pub(crate) async fn check_payees(
        &self,
        actor: &Actor,
        asset: &AssetCode,
        payees: &[Account],
    ) -> Result<Vec<Option<Failure>>, PeerError> {
        let call = "CheckRecipients";
        let message = pb::CheckRecipientsRequest {
            asset: asset.to_string(),
            recipients: payees.iter().map(ToString::to_string).collect(),
            resolve_only: false,
        };
        let request = self.peer.request(message, actor, WRITE_DEADLINE);
        let answer = self.client().check_recipients(request).await;
        let checks = answer.map_err(PeerError::of(&self.peer, call))?.into_inner().checks;
        if checks.len() != payees.len() {
            return Err(PeerError::malformed(&self.peer, call, "not one answer for each payee"));
        }
        Ok(checks.into_iter().map(|check| check.problem.map(|problem| halt(Some(problem)))).collect())
    }

    /// Whose accounts these addresses are, at most 1000, as the network stands now; in their order.
    pub(crate) async fn resolve(
        &self,
        actor: &Actor,
        addresses: &[EvmAddress],
    ) -> Result<Vec<Resolved>, PeerError> {
        let call = "CheckRecipients";
        let recipients: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let answer = self
            .peer
            .retry_read(|| {
                let message = pb::CheckRecipientsRequest {
                    asset: String::new(),
                    recipients: recipients.clone(),
                    resolve_only: true,
                };
                let request = self.peer.request(message, actor, CHECK_DEADLINE);
                let mut client = self.client();
                async move { client.check_recipients(request).await }
            })
            .await
            .map_err(PeerError::of(&self.peer, call))?
            .into_inner();
        let resolved: Option<Vec<Resolved>> = answer.checks.into_iter().map(resolved).collect();
        resolved
            .filter(|resolved| resolved.len() == addresses.len())
            .ok_or_else(|| PeerError::malformed(&self.peer, call, "not an account or a reason for each"))
    }
}

fn resolved(check: pb::RecipientCheck) -> Option<Resolved> {
    match check.problem {
        Some(problem) => Some(Resolved::Nobody { reason: problem.reason, hint: problem.hint }),
        None => check.account.parse().ok().map(Resolved::Account),
    }
}
