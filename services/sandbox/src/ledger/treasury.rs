//! A token's treasury passes to another account, as by a `TokenUpdate` (hiero-consensus-node, `TokenUpdateHandler`).

use super::Ledger;
use super::admin::no_token;
use super::change::ChangeError;
use super::ids::{EntityId, Timestamp};
use super::token::{Holding, Token};

impl Ledger {
    /// Makes `new` the treasury of a token. All that the old one holds becomes the new one's; nobody else's balance changes.
    /// Who is not associated yet is associated where there is room for that. Refused before anything changes.
    pub(super) fn move_treasury(
        &mut self,
        at: Timestamp,
        id: EntityId,
        new: EntityId,
    ) -> Result<(), ChangeError> {
        let token = self.tokens.get(&id.0).ok_or(no_token(id))?;
        let old = EntityId(token.treasury.now());
        self.check_treasury(token, old, new)?;
        if old == new {
            return Ok(());
        }
        let (automatic, to) = match token.holding(new.0) {
            Some(holding) => (false, holding),
            None => (true, token.fresh_holding(true)),
        };
        let from = token.holding(old.0).filter(|from| from.balance > 0);
        if let Some((account, _)) =
            from.and_then(|from| [(old, from), (new, to)].into_iter().find(|(_, it)| it.frozen || !it.kyc))
        {
            return Err(ChangeError::Conflict(format!("account {account} is frozen or was not granted KYC")));
        }
        if automatic && let Some(account) = self.accounts.get_mut(&new.0) {
            account.automatic_associations += 1;
        }
        let token = self.tokens.get_mut(&id.0).ok_or(no_token(id))?;
        let moved = from.map_or(0, |from| from.balance);
        if let Some(from) = from {
            token.set_holding(at, old.0, Holding { balance: 0, ..from });
        }
        // What all hold together is at most the supply.
        token.set_holding(at, new.0, Holding { balance: to.balance + moved, ..to });
        token.treasury.set(at, new.0);
        Ok(())
    }

    fn check_treasury(&self, token: &Token, old: EntityId, new: EntityId) -> Result<(), ChangeError> {
        let id = EntityId(token.number);
        if token.deleted_at.is_some() || token.paused.now() {
            return Err(ChangeError::Conflict(format!("token {id} is deleted or paused")));
        }
        for account in [old, new] {
            if self.expect_account(account)?.deleted_at.is_some() {
                return Err(ChangeError::Conflict(format!("account {account} is deleted")));
            }
        }
        let associated = token.holding(new.0).is_some();
        if associated || self.expect_account(new)?.has_free_association() {
            Ok(())
        } else {
            let reason = format!("account {new} is not associated with token {id} and has no room for it");
            Err(ChangeError::Conflict(reason))
        }
    }
}
