//! Making an account known that money comes from.

use auth::Actor;
use futures::FutureExt as _;
use hedera::mirror::AccountRef;
use hedera::{AccountId, Signer as _};
use ids::FundingAccountId;
use pg::idempotency::{Answer, Once};

use crate::app::Context;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::funding_accounts::{self, FundingAccount};
use crate::store::sweeps;

/// What people say about a funding account.
#[derive(Clone, Debug)]
pub struct NewFundingAccount {
    /// What people call it.
    pub label: String,
    /// The debited account.
    pub account: AccountId,
    /// Name of its key.
    pub key_reference: String,
    /// The fee-paying account and its key; the debited one when none.
    pub fee_payer: Option<(AccountId, String)>,
}

/// Creates a funding account whose accounts are on the network and whose keys can be read. After a restore, a fee payer
/// that was not looked through is, before anything is paid: the account may have been forgotten, with what it paid.
pub async fn create_funding_account<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    new: NewFundingAccount,
    once: &Once<FundingAccount, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&ctx.pool).await? {
        return Ok(answer);
    }
    let (fee_payer, fee_payer_key_reference) =
        new.fee_payer.unwrap_or_else(|| (new.account, new.key_reference.clone()));
    for (account, reference) in [(new.account, &new.key_reference), (fee_payer, &fee_payer_key_reference)] {
        let key = ctx.rail.keyring().key(reference)?;
        let found = ctx.rail.mirror().account(AccountRef::Id(account)).await?;
        let found = found.ok_or(Error::AccountNotFound(account))?;
        // Nothing that it signs would ever be taken.
        if found.key.is_some_and(|of_account| of_account.is(key.public_key()) == Some(false)) {
            return Err(Error::refused(
                "KEY_MISMATCH",
                format!("the key {reference:?} is not the key of account {account}"),
            ));
        }
    }
    let account = FundingAccount {
        id: FundingAccountId::new(&*ctx.ids),
        label: new.label,
        account: new.account,
        key_reference: new.key_reference,
        fee_payer,
        fee_payer_key_reference,
        created_by: actor.subject.clone(),
        created_at: ctx.clock.now(),
    };
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                if !funding_accounts::insert(conn, &account).await? {
                    return Err(Error::exists(
                        "LABEL_TAKEN",
                        format!("another funding account is called {:?}", account.label),
                    ));
                }
                sweeps::lock(conn).await?;
                sweeps::cover(conn, account.fee_payer).await?;
                here!("create_funding_account.before_commit");
                Ok(account)
            }
            .boxed()
        })
        .await?;
    here!("create_funding_account.after_commit");
    ctx.sweep.notify_one();
    Ok(answer)
}
