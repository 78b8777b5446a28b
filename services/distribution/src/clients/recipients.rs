//! The execution service: whether payees could receive.

use auth::Actor;
use money::AssetCode;
use proto::execution::v1 as pb;

use super::execution::{Execution, halt};
use super::{PeerError, WRITE_DEADLINE};
use crate::domain::account::Account;
use crate::domain::failure::Failure;

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
}
