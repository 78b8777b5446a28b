//! From a token to a calculated distribution: import, sync, accept USDC, fund, preview, create.

use std::time::Duration;

use proto::asset::v1::{AddPaymentTokenRequest, AssetType, ImportAssetRequest};
use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    AmountRule, CreateDistributionRequest, Distribution, DistributionKind, DistributionState, Entitlements,
    Pool, PoolBase,
};
use proto::execution::v1::CreateFundingAccountRequest;
use proto::holder::v1::GetSnapshotRequest;
use proto::r#type::v1::Amount;

use super::world::{PAYMENT_DECIMALS, World};
use super::{Options, Stage};
use crate::commands::distribution::{show, wait_until_calculated};
use crate::commands::holders::wait_for_sync;
use crate::error::CommandError;

const PATIENCE: Duration = Duration::from_mins(10);

/// A distribution that can be executed.
pub(super) struct Plan {
    /// The asset ("ast_…").
    pub(super) asset_id: String,
    /// The distribution ("dst_…").
    pub(super) distribution_id: String,
    /// Its run ("run_…").
    pub(super) run_id: String,
    /// What the calculation came to.
    pub(super) entitlements: Entitlements,
    /// Holders in the snapshot.
    pub(super) holders: u64,
}

pub(super) async fn create(stage: &Stage, world: &World, options: &Options) -> Result<Plan, CommandError> {
    let (asset_id, _) = import(stage, world).await?;
    let payment_code = accept(stage, world).await?;
    let funding_account_id = fund(stage).await?;
    let terms = CreateDistributionRequest {
        parallelism: options.parallelism,
        ..terms(world, asset_id.clone(), payment_code, funding_account_id)
    };
    let snapshot_id = preview(stage, &terms).await?;
    let distribution = calculate(stage, CreateDistributionRequest { snapshot_id, ..terms }).await?;
    let entitlements = distribution.entitlements.ok_or(CommandError::missing("entitlements"))?;
    let request = GetSnapshotRequest { snapshot_id: entitlements.snapshot_id.clone() };
    let snapshot = stage.session.edge.holders().get_snapshot(request).await?.into_inner().snapshot;
    let holders = snapshot.ok_or(CommandError::missing("snapshot"))?.holder_count;
    Ok(Plan {
        asset_id,
        distribution_id: distribution.id,
        run_id: distribution.run_id,
        entitlements,
        holders,
    })
}

/// A dividend of the world's pool to all eligible holders, one batch after another.
pub(crate) fn terms(
    world: &World,
    asset_id: String,
    payment_code: String,
    funding_account_id: String,
) -> CreateDistributionRequest {
    CreateDistributionRequest {
        asset_id,
        label: "Demo dividend".to_owned(),
        kind: DistributionKind::Dividend.into(),
        amount_rule: Some(AmountRule {
            rule: Some(Rule::Pool(Pool {
                amount: Some(Amount { units: world.pool.to_string(), asset: payment_code }),
                base: PoolBase::EligibleHolders.into(),
            })),
        }),
        payment_token: world.payment_token_id.clone(),
        funding_account_id,
        ..CreateDistributionRequest::default()
    }
}

/// Imports the world's token; its asset, and the network's time of the balances that were synced.
pub(crate) async fn import(stage: &Stage, world: &World) -> Result<(String, i64), CommandError> {
    let request = ImportAssetRequest {
        token_id: world.token_id.clone(),
        r#type: AssetType::Equity.into(),
        ..ImportAssetRequest::default()
    };
    let asset = stage.session.edge.assets().import_asset(request).await?.into_inner().asset;
    let asset_id = asset.ok_or(CommandError::missing("asset"))?.id;
    let sync = wait_for_sync(&stage.session.edge, &asset_id, "", PATIENCE).await?;
    if !sync.failure_reason.is_empty() {
        return Err(CommandError::Unexpected(format!("the sync failed: {}", sync.failure_reason)));
    }
    stage.say(format!("imported {} as {asset_id}: {} holders synced", world.token_id, sync.holder_count))?;
    Ok((asset_id, sync.consensus_ns))
}

pub(crate) async fn accept(stage: &Stage, world: &World) -> Result<String, CommandError> {
    let request = AddPaymentTokenRequest { token: world.payment_token_id.clone() };
    let token =
        stage.session.edge.payment_tokens().add_payment_token(request).await?.into_inner().payment_token;
    let token = token.ok_or(CommandError::missing("payment_token"))?;
    stage.say(format!("accepted {} ({}) for payments", token.symbol, token.code))?;
    Ok(token.code)
}

pub(crate) async fn fund(stage: &Stage) -> Result<String, CommandError> {
    let request = CreateFundingAccountRequest {
        label: format!("Demo {}", world_suffix()),
        account: stage.operator_account.clone(),
        key_reference: stage.operator_key_reference.clone(),
        ..CreateFundingAccountRequest::default()
    };
    let account = stage.session.edge.funding_accounts().create_funding_account(request).await?.into_inner();
    let account = account.funding_account.ok_or(CommandError::missing("funding_account"))?;
    stage.say(format!("funding account {} pays from {}", account.id, account.account))?;
    Ok(account.id)
}

/// Labels are unique; a demonstration may be repeated on its folder.
fn world_suffix() -> String {
    ids::IdSource::uuid(&ids::SystemIds).simple().to_string()
}

/// Shows what it would come to; returns the snapshot that was taken for it, to be used again.
async fn preview(stage: &Stage, terms: &CreateDistributionRequest) -> Result<String, CommandError> {
    let request = CreateDistributionRequest { validate_only: true, ..terms.clone() };
    let preview = stage.session.edge.distributions().create_distribution(request).await?.into_inner().preview;
    let preview = preview.ok_or(CommandError::missing("preview"))?;
    stage.say("preview:")?;
    stage.say(show::preview(&preview, u32::from(PAYMENT_DECIMALS)))?;
    Ok(preview.entitlements.map(|entitlements| entitlements.snapshot_id).unwrap_or_default())
}

async fn calculate(stage: &Stage, request: CreateDistributionRequest) -> Result<Distribution, CommandError> {
    let edge = &stage.session.edge;
    let created = edge.distributions().create_distribution(request).await?.into_inner().distribution;
    let id = created.ok_or(CommandError::missing("distribution"))?.id;
    let distribution = wait_until_calculated(edge, &id, PATIENCE).await?;
    stage.say("created:")?;
    stage.say(show::distribution(&distribution))?;
    match distribution.state() {
        DistributionState::Upcoming => Ok(distribution),
        other => Err(CommandError::Unexpected(format!("{id} is {} and not UPCOMING", other.as_str_name()))),
    }
}
