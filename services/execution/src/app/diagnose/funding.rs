//! Funding accounts: whether their keys are there, and whether they have what is needed for what is to be paid.

use std::collections::BTreeMap;

use hedera::AccountId;
use money::{AssetCode, AssetKind};

use crate::app::Context;
use crate::app::quote_run::{fees_tinycents, tinybars};
use crate::app::read::RunView;
use crate::domain::diagnosis::{Check, Diagnosis, funds};
use crate::domain::progress::Tally;
use crate::domain::run::RunState;
use crate::error::Error;
use crate::store::funding_accounts::{self, FundingAccount};
use crate::store::{batches, runs};

/// Accounts that are looked at.
const ACCOUNTS_MAX: u32 = 50;
/// Runs whose needs are added up, of each state.
const RUNS_MAX: u32 = 100;
/// Payees of one transaction: a fee payer that cannot pay even that is empty.
const ONE_TRANSACTION: u32 = 9;

/// What is to be paid from an account.
#[derive(Debug, Default)]
struct Need {
    /// Units by asset.
    units: BTreeMap<AssetCode, u128>,
    /// Fees in tinycents.
    tinycents: u128,
}

/// Whether the keys of each account, or of the run's, can be read, and are those of the accounts.
pub(super) async fn keys(ctx: &Context, run: Option<&RunView>) -> Result<Vec<Diagnosis>, Error> {
    let mut found = Vec::new();
    for account in accounts(ctx, run).await? {
        let mut signers = vec![
            (account.account, &account.key_reference),
            (account.fee_payer, &account.fee_payer_key_reference),
        ];
        signers.dedup();
        for (signer, reference) in signers {
            found.push(key(ctx, &account.label, signer, reference).await);
        }
    }
    if found.is_empty() {
        let advice = "Create one: bursar funding create --help";
        found.push(Diagnosis::warning(Check::Key, "", "there is no funding account yet", advice));
    }
    Ok(found)
}

async fn key(ctx: &Context, label: &str, signer: AccountId, reference: &str) -> Diagnosis {
    let subject = format!("{label} ({reference})");
    let key = match ctx.rail.keyring().look(reference) {
        Ok(key) => key,
        Err(error) => {
            let advice =
                "Put the key's file into the folder BURSAR_FUNDING_KEYS_DIR, readable for execution.";
            return Diagnosis::problem(Check::Key, subject, error.to_string(), advice);
        }
    };
    // That the mirror node is away is another check's to say.
    match ctx.rail.signs_for(&key, signer).await.ok().flatten() {
        Some(false) => {
            let seen = format!("is not the key of account {signer}");
            let advice =
                "Was the account's key changed? Put the new one in its place, and restart execution.";
            Diagnosis::problem(Check::Key, subject, seen, advice)
        }
        Some(true) => Diagnosis::fine(Check::Key, subject, format!("is there, and account {signer}'s")),
        None => Diagnosis::fine(Check::Key, subject, "is there"),
    }
}

/// Whether each account, or the run's, has what is to be paid from it, and its fee payer the fees.
pub(super) async fn balances(ctx: &Context, run: Option<&RunView>) -> Result<Vec<Diagnosis>, Error> {
    let accounts = accounts(ctx, run).await?;
    let needs = needs(ctx, run).await?;
    let rate = ctx.rail.mirror().exchange_rate().await?;
    let hbar = AssetCode::hbar(ctx.network);
    let mut found = Vec::new();
    for account in accounts {
        let nothing = Need::default();
        let need = needs.get(&account.id.as_uuid()).unwrap_or(&nothing);
        let fees = tinybars(need.tinycents.max(fees_tinycents(ONE_TRANSACTION, true)), rate);
        for (asset, units) in &need.units {
            let shared = *asset == hbar && account.account == account.fee_payer;
            let units = units + if shared { fees } else { 0 };
            let have = ctx.rail.balance(account.account, asset).await?;
            let subject = format!("{} {}", account.label, account.account);
            let unit = format!("smallest units of {}", asset.as_str());
            found.push(funds(Check::Funding, &subject, have.unwrap_or(0), units, &unit));
        }
        if need.units.is_empty() {
            let subject = format!("{} {}", account.label, account.account);
            found.push(Diagnosis::fine(Check::Funding, subject, "nothing is to be paid from it now"));
        }
        let have = ctx.rail.balance(account.fee_payer, &hbar).await?;
        let subject = format!("{} {}", account.label, account.fee_payer);
        found.push(funds(Check::FeePayer, &subject, have.unwrap_or(0), fees, "tinybars"));
    }
    Ok(found)
}

async fn accounts(ctx: &Context, run: Option<&RunView>) -> Result<Vec<FundingAccount>, Error> {
    let mut conn = ctx.conn().await?;
    match run {
        Some(run) => {
            let id = run.stored.run.header.funding_account;
            Ok(funding_accounts::find(&conn, id).await?.into_iter().collect())
        }
        None => Ok(funding_accounts::list(&mut conn, None, ACCOUNTS_MAX).await?),
    }
}

/// What the runs that go on, or would once their cause is gone, still have to pay; or the one run.
async fn needs(ctx: &Context, only: Option<&RunView>) -> Result<BTreeMap<ids::Uuid, Need>, Error> {
    let mut conn = ctx.conn().await?;
    let mut open = Vec::new();
    match only {
        Some(run) => open.push(run.stored.clone()),
        None => {
            for state in [RunState::Running, RunState::Halted] {
                let filter = runs::Filter { state: Some(state), ..runs::Filter::default() };
                open.extend(runs::list(&mut conn, filter, None, RUNS_MAX).await?);
            }
        }
    }
    let mut needs: BTreeMap<ids::Uuid, Need> = BTreeMap::new();
    for stored in open {
        let header = &stored.run.header;
        let progress = batches::progress(&mut conn, header.run).await?;
        // What is in flight may be debited already. What failed is paid by a retry of the run that is asked about.
        let again = if only.is_some() { progress.failed } else { Tally::default() };
        let payouts = progress.pending.payouts + again.payouts;
        if payouts == 0 {
            continue;
        }
        let need = needs.entry(header.funding_account.as_uuid()).or_default();
        *need.units.entry(header.asset.clone()).or_default() += progress.pending.units + again.units;
        let token = matches!(header.asset.parts(), AssetKind::Token { .. });
        need.tinycents += fees_tinycents(u32::try_from(payouts).unwrap_or(u32::MAX), token);
    }
    Ok(needs)
}
