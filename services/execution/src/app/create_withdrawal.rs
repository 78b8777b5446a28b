//! Taking money out of a funding account: a run of one payout to an allowed destination, never what is reserved.

use std::sync::Arc;
use std::time::Duration;

use auth::Actor;
use diesel_async::AsyncPgConnection;
use entitlements::{Leaf, RootBuilder};
use futures::FutureExt as _;
use hedera::AccountId;
use ids::{FundingAccountId, RunId};
use money::{AssetCode, AssetKind};
use pg::idempotency::{Answer, Once};

use crate::app::quote_run::fees_tinybars;
use crate::app::read::{self, WithdrawalView};
use crate::app::{Context, sweep};
use crate::domain::retry::RetryPolicy;
use crate::domain::run::Header;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::funding_accounts::{self, FundingAccount};
use crate::store::instructions::{self, Instruction};
use crate::store::{StoreError, batches, destinations, pauses, runs, withdrawals};

/// What was paid within this time may be missing in what a mirror node shows of a balance, so that it counts as reserved.
const MIRROR_LAG_MAX: Duration = Duration::from_mins(1);
const HBAR_DECIMALS: u8 = 8;

/// What is to be withdrawn.
#[derive(Clone, Debug)]
pub struct NewWithdrawal {
    /// From where.
    pub funding: FundingAccountId,
    /// To where.
    pub destination: AccountId,
    /// What.
    pub asset: AssetCode,
    /// How much, in smallest units; above zero.
    pub units: u128,
    /// Why.
    pub reason: String,
}

/// What the network says before anything is written.
struct Funds {
    balance: u128,
    decimals: u8,
    rate: hedera::mirror::ExchangeRate,
}

/// Creates a withdrawal and its run in one transaction, when the destination is allowed and what is taken is free.
pub async fn create_withdrawal<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    new: NewWithdrawal,
    once: &Once<WithdrawalView, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&ctx.pool).await? {
        return Ok(answer);
    }
    if new.asset.network() != Some(ctx.network) {
        let message = format!("{} is not on the network {}", new.asset.as_str(), ctx.network);
        return Err(Error::refused("NETWORK_MISMATCH", message));
    }
    let found = funding_accounts::find(&*ctx.conn().await?, new.funding).await?;
    let funding = found.ok_or(Error::FundingAccountNotFound(new.funding))?;
    refuse_unless_allowed(&mut *ctx.conn().await?, &new).await?;
    let funds = look(ctx, &funding, &new).await?;
    let (header, load) = (header(RunId::new(&*ctx.ids), &new, funds.decimals)?, ctx.ids.uuid());
    let (by, ids) = (actor.subject.clone(), Arc::clone(&ctx.ids));
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                withdrawals::lock(conn, funding.account).await?;
                pauses::lock_shared(conn).await?;
                refuse_unless_allowed(conn, &new).await?;
                refuse_reserved(conn, &funding, &new, &funds).await?;
                let payout = Instruction {
                    ordinal: 0,
                    account: new.destination.num(),
                    units: new.units,
                    supersedes: None,
                };
                instructions::insert(conn, header.run, load, payout).await?;
                runs::insert(conn, &header, &header.entitlement_root, load).await?;
                batches::insert_all(conn, &header, load).await?;
                // A restored database may have forgotten this one with its idempotency key.
                sweep::halt_new(conn, &*ids, &header).await?;
                let withdrawal = withdrawals::insert(conn, header.run, &new.reason, &by).await?;
                let view = read::withdrawal_view(conn, withdrawal).await?;
                here!("withdraw.before_commit");
                Ok(view)
            }
            .boxed()
        })
        .await?;
    here!("withdraw.after_commit");
    ctx.wake.notify_waiters();
    Ok(answer)
}

async fn refuse_unless_allowed(conn: &mut AsyncPgConnection, new: &NewWithdrawal) -> Result<(), Error> {
    if destinations::is_allowed(conn, new.funding, new.destination).await? {
        return Ok(());
    }
    let message = format!("{} is no allowed destination of this funding account", new.destination);
    Err(Error::refused("DESTINATION_NOT_ALLOWED", message))
}

async fn look(ctx: &Context, funding: &FundingAccount, new: &NewWithdrawal) -> Result<Funds, Error> {
    let decimals = match new.asset.parts() {
        AssetKind::Token { token, .. } => {
            let unknown = || Error::AssetNotFound(new.asset.as_str().to_owned());
            let token = token.parse().map_err(|_| unknown())?;
            let info = ctx.rail.mirror().token(token).await?.ok_or_else(unknown)?;
            u8::try_from(info.decimals).map_err(|_| unknown())?
        }
        AssetKind::Hbar { .. } | AssetKind::Fiat { .. } => HBAR_DECIMALS,
    };
    let balance = ctx.rail.balance(funding.account, &new.asset).await?;
    let balance = balance.ok_or(Error::AccountNotFound(funding.account))?;
    Ok(Funds { balance, decimals, rate: ctx.rail.mirror().exchange_rate().await? })
}

/// The caller holds the account's lock, and the balance was read before: what was paid since is reserved as recent.
async fn refuse_reserved(
    conn: &mut AsyncPgConnection,
    funding: &FundingAccount,
    new: &NewWithdrawal,
    funds: &Funds,
) -> Result<(), Error> {
    let mut reserved = withdrawals::reserved(conn, funding.account, &new.asset, MIRROR_LAG_MAX).await?;
    if matches!(new.asset.parts(), AssetKind::Hbar { .. }) {
        // The account may pay fees for runs of others, and pays this one's where it is its own fee payer.
        let unpaid = withdrawals::unpaid_by_fee_payer(conn, funding.account).await?;
        let own = u32::from(funding.account == funding.fee_payer);
        reserved = reserved.saturating_add(fees_tinybars(funds.rate, unpaid.saturating_add(own), true));
    }
    if reserved.saturating_add(new.units) <= funds.balance {
        return Ok(());
    }
    let (balance, units) = (funds.balance, new.units);
    let message =
        format!("the account has {balance} smallest units, {reserved} are reserved; {units} is too much");
    Err(Error::refused("FUNDS_RESERVED", message))
}

fn header(run: RunId, new: &NewWithdrawal, decimals: u8) -> Result<Header, Error> {
    let mut root = RootBuilder::new();
    root.push(&Leaf {
        run: *run.as_uuid().as_bytes(),
        ordinal: 0,
        payee_key: &new.destination.num().to_be_bytes(),
        units: new.units,
        asset: new.asset.as_str(),
    })
    .map_err(|_| StoreError::inconsistent("withdrawal", run, "asset"))?;
    Ok(Header {
        run,
        held_asset: None,
        distribution: None,
        funding_account: new.funding,
        asset: new.asset.clone(),
        decimals,
        count: 1,
        total_units: new.units,
        entitlement_root: root.finish(),
        batch_size: 1,
        parallelism: 1,
        retry: RetryPolicy::default(),
        supersedes: None,
    })
}
