//! Whether recipients could be paid, as a mirror node shows the network now.
//!
//! Accounts are read a hundred at a time. What an account is to a token is read for each by itself, and only where the
//! answer depends on it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use hedera::mirror::{
    AccountInfo, AccountRef, BATCH_MAX, FreezeStatus, KycStatus, Mirror, MirrorError, PauseStatus, TokenInfo,
};
use hedera::{AccountId, EvmAddress};
use money::AssetCode;
use service_kit::error::Problem;

use crate::app::Context;
use crate::clients::hedera_rail::rail_asset;
use crate::domain::attempt::Cause;
use crate::domain::recipient::{AccountFacts, Paid, Standing, TokenFacts, problem};
use crate::error::Error;

/// The most recipients of one call.
pub const RECIPIENTS_MAX: usize = 1_000;
/// Longest time for one call: whoever asks about many asks again about fewer.
const DEADLINE: Duration = Duration::from_secs(25);
/// Requests to the mirror node at the same time, for one call.
const CONCURRENCY: usize = 8;

/// What is known of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The account it is.
    pub account: Option<AccountId>,
    /// What stands against paying it.
    pub problem: Option<Cause>,
}

/// Checks each of `recipients`, in their order; without an asset only whether they are there.
pub async fn check_recipients(
    ctx: &Context,
    asset: Option<&AssetCode>,
    recipients: &[AccountRef],
) -> Result<Vec<Check>, Error> {
    if let Some(asset) = asset.filter(|asset| asset.network() != Some(ctx.network)) {
        let message = format!("{} is not on the network {}", asset.as_str(), ctx.network);
        return Err(Error::refused("NETWORK_MISMATCH", message));
    }
    let checked = tokio::time::timeout(DEADLINE, check(ctx.rail.patient_mirror(), asset, recipients)).await;
    checked.unwrap_or_else(|_late| {
        let message = "the mirror node did not answer about all recipients in time";
        Err(Problem::unavailable("MIRROR_UNAVAILABLE", message).into())
    })
}

async fn check(
    mirror: &Mirror,
    asset: Option<&AssetCode>,
    recipients: &[AccountRef],
) -> Result<Vec<Check>, Error> {
    let mut accounts = by_alias(mirror, recipients).await?;
    accounts.extend(by_number(mirror, recipients).await?);
    let (paid, token) = what_is_paid(mirror, asset).await?;
    let found: BTreeMap<AccountId, AccountInfo> =
        accounts.values().map(|info| (info.account, info.clone())).collect();
    let facts: BTreeMap<AccountId, AccountFacts> = stream::iter(found.into_values())
        .map(|info| facts(mirror, info, token.as_ref()))
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await?;
    let checks = recipients.iter().map(|name| {
        let account = accounts.get(&key(*name)).map(|info| info.account);
        let problem = problem(&paid, account.and_then(|account| facts.get(&account)));
        Check { account, problem }
    });
    Ok(checks.collect())
}

/// How a recipient is asked for: a long-zero address is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(AccountId),
    Alias(EvmAddress),
}

fn key(name: AccountRef) -> Key {
    match name {
        AccountRef::Id(id) => Key::Number(id),
        AccountRef::Evm(address) => address.account().map_or(Key::Alias(address), Key::Number),
    }
}

async fn by_alias(
    mirror: &Mirror,
    recipients: &[AccountRef],
) -> Result<BTreeMap<Key, AccountInfo>, MirrorError> {
    let aliases: BTreeSet<EvmAddress> = recipients
        .iter()
        .filter_map(|name| if let Key::Alias(address) = key(*name) { Some(address) } else { None })
        // Nobody's address.
        .filter(|address| !address.is_zero())
        .collect();
    stream::iter(aliases)
        .map(async |alias| {
            let info = mirror.account(AccountRef::Evm(alias)).await?;
            Ok(info.map(|info| (Key::Alias(alias), info)))
        })
        .buffer_unordered(CONCURRENCY)
        .try_filter_map(async |found| Ok(found))
        .try_collect()
        .await
}

async fn by_number(
    mirror: &Mirror,
    recipients: &[AccountRef],
) -> Result<BTreeMap<Key, AccountInfo>, MirrorError> {
    let numbers: BTreeSet<AccountId> = recipients
        .iter()
        .filter_map(|name| if let Key::Number(id) = key(*name) { Some(id) } else { None })
        // 0.0.0 is nobody's account.
        .filter(|id| id.num() != 0)
        .collect();
    let numbers: Vec<AccountId> = numbers.into_iter().collect();
    let batches: Vec<Vec<AccountId>> = numbers.chunks(BATCH_MAX).map(<[AccountId]>::to_vec).collect();
    let batches: Vec<Vec<AccountInfo>> = stream::iter(batches)
        .map(async |ids| mirror.accounts(&ids).await)
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(batches.into_iter().flatten().map(|info| (Key::Number(info.account), info)).collect())
}

/// What would be paid, and the token's facts where accounts must be asked about it.
async fn what_is_paid(
    mirror: &Mirror,
    asset: Option<&AssetCode>,
) -> Result<(Paid, Option<TokenInfo>), Error> {
    let Some(asset) = asset else { return Ok((Paid::Hbar, None)) };
    let hedera::transfer::Asset::Token { id, .. } = rail_asset(asset, 0)? else {
        return Ok((Paid::Hbar, None));
    };
    let Some(token) = mirror.token(id).await? else { return Ok((Paid::UnknownToken, None)) };
    let facts = TokenFacts {
        deleted: token.deleted,
        paused: token.pause_status == PauseStatus::Paused,
        freezes_new: token.keys.freeze && token.freeze_default,
        kyc_for_new: token.keys.kyc,
    };
    Ok((Paid::Token(facts), Some(token).filter(|token| !token.deleted)))
}

async fn facts(
    mirror: &Mirror,
    info: AccountInfo,
    token: Option<&TokenInfo>,
) -> Result<(AccountId, AccountFacts), MirrorError> {
    let standing = match token {
        Some(token) if !info.deleted => standing(mirror, &info, token).await?,
        Some(_) | None => Standing::Open,
    };
    let facts = AccountFacts { deleted: info.deleted, must_sign: info.receiver_sig_required, standing };
    Ok((info.account, facts))
}

async fn standing(mirror: &Mirror, info: &AccountInfo, token: &TokenInfo) -> Result<Standing, MirrorError> {
    // Minus one is any number: associated or not, such an account takes the token where nobody can freeze it or has to
    // grant it KYC.
    let takes_any = info.max_automatic_token_associations < 0;
    if takes_any && !token.keys.freeze && !token.keys.kyc {
        return Ok(Standing::Open);
    }
    if let Some(relationship) = mirror.token_relationship(info.account, token.token).await? {
        return Ok(Standing::Associated {
            frozen: relationship.freeze_status == FreezeStatus::Frozen,
            kyc_missing: relationship.kyc_status == KycStatus::Revoked,
        });
    }
    match u32::try_from(info.max_automatic_token_associations) {
        Err(_any) => Ok(Standing::Open),
        Ok(0) => Ok(Standing::Closed),
        Ok(most) if mirror.automatic_associations(info.account, most).await? >= most => Ok(Standing::Full),
        Ok(_) => Ok(Standing::Open),
    }
}
