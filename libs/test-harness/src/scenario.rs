//! The usual beginning of a test: a token with holders, imported and synced, a funding account, a distribution.

use std::time::Duration;

use bursar::commands::distribution::wait_until_calculated;
use bursar::commands::holders::wait_for_sync;
use bursar::edge::Edge;
use bursar::error::CommandError;
use bursar::sandbox_control::SandboxControl;
use bursar::suite::OPERATOR_KEY_REFERENCE;
use proto::asset::v1::{AddPaymentTokenRequest, AssetType, BondTerms, ImportAssetRequest};
use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    AmountRule, CreateDistributionRequest, CreateRedemptionRequest, Distribution, DistributionKind, Pool,
    PoolBase,
};
use proto::execution::v1::CreateFundingAccountRequest;
use proto::r#type::v1::Amount;
use serde_json::json;

use crate::error::HarnessError;

const PATIENCE: Duration = Duration::from_mins(2);
/// What the operator has of the payment token.
const FUNDS: u64 = 1_000_000_000_000_000;

/// How the world is to be.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Holders that are generated.
    pub holders: u64,
    /// Seed of their sizes and addresses.
    pub seed: u64,
    /// What is split among them, in smallest units of a payment token with 6 decimals.
    pub pool: u128,
    /// Payouts per batch; the default when 0.
    pub batch_size: u32,
    /// Batches at the same time; the default when 0.
    pub parallelism: u32,
    /// The token is a bond whose principal, 1.05 dollars for each whole token, is due at this time, in seconds since the
    /// epoch; shares when absent.
    pub maturity_s: Option<i64>,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            holders: 100,
            seed: 1,
            pool: 1_000_000_000_000,
            batch_size: 0,
            parallelism: 0,
            maturity_s: None,
        }
    }
}

/// A world in which something can be paid.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The token whose holders are paid.
    pub token_id: String,
    /// The asset made of it ("ast_…").
    pub asset_id: String,
    /// The token they are paid in; of this scenario alone.
    pub payment_token_id: String,
    /// Its code.
    pub payment_code: String,
    /// Where the money comes from ("fnd_…").
    pub funding_account_id: String,
    /// A distribution of the whole pool over all holders, not created yet.
    pub request: CreateDistributionRequest,
}

impl Scenario {
    /// Builds the world. `edge` needs the roles `PAYOUT`, `PAYMENT_TOKEN_MANAGER` and `ADMIN`.
    pub async fn build(
        edge: &Edge,
        control: &SandboxControl,
        terms: Terms,
    ) -> Result<Scenario, HarnessError> {
        let holders = json!({ "count": terms.holders, "seed": terms.seed });
        let token = json!({ "name": "Test Share", "symbol": "TEST", "decimals": 8, "holders": holders });
        let token_id = control.create_token(&token).await?.token_id;
        Scenario::around(edge, control, token_id, terms).await
    }

    /// The same world around a token that is there, with the holders that it has.
    pub async fn around(
        edge: &Edge,
        control: &SandboxControl,
        token_id: String,
        terms: Terms,
    ) -> Result<Scenario, HarnessError> {
        let operator = control.network().await?.operator.account_id;
        let payment = json!({
            "name": "Test Dollar", "symbol": "TUSD", "decimals": 6, "freeze_key": true, "treasury": operator,
            "treasury_units": FUNDS,
        });
        let payment_token_id = control.create_token(&payment).await?.token_id;
        let asset_id = import(edge, &token_id, terms.maturity_s).await?;
        let payment_code = accept(edge, &payment_token_id).await?;
        let funding_account_id = fund(edge, &operator, &format!("Test {token_id}")).await?;
        let amount = Amount { units: terms.pool.to_string(), asset: payment_code.clone() };
        let pool = Pool { amount: Some(amount), base: PoolBase::EligibleHolders.into() };
        let request = CreateDistributionRequest {
            asset_id: asset_id.clone(),
            label: format!("Dividend on {token_id}"),
            kind: terms.maturity_s.map_or(DistributionKind::Dividend, |_| DistributionKind::Coupon).into(),
            amount_rule: Some(AmountRule { rule: Some(Rule::Pool(pool)) }),
            payment_token: payment_token_id.clone(),
            funding_account_id: funding_account_id.clone(),
            batch_size: terms.batch_size,
            parallelism: terms.parallelism,
            ..CreateDistributionRequest::default()
        };
        Ok(Scenario { token_id, asset_id, payment_token_id, payment_code, funding_account_id, request })
    }

    /// A redemption of all holders of a scenario with a maturity, not created yet.
    pub fn redemption(&self) -> CreateRedemptionRequest {
        CreateRedemptionRequest {
            asset_id: self.asset_id.clone(),
            label: format!("Principal of {}", self.token_id),
            payment_token: self.payment_token_id.clone(),
            funding_account_id: self.funding_account_id.clone(),
            batch_size: self.request.batch_size,
            parallelism: self.request.parallelism,
            ..CreateRedemptionRequest::default()
        }
    }

    /// Creates the distribution and waits until it is calculated.
    pub async fn create(&self, edge: &Edge) -> Result<Distribution, HarnessError> {
        let answer = edge.distributions().create_distribution(self.request.clone()).await?.into_inner();
        let created = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        Ok(wait_until_calculated(edge, &created.id, PATIENCE).await?)
    }
}

async fn import(edge: &Edge, token_id: &str, maturity_s: Option<i64>) -> Result<String, HarnessError> {
    let bond_terms = maturity_s.map(|seconds| BondTerms {
        nominal_value: Some(Amount { units: "105".to_owned(), asset: "iso4217:USD".to_owned() }),
        maturity_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
    });
    let kind = bond_terms.as_ref().map_or(AssetType::Equity, |_| AssetType::Bond);
    let request = ImportAssetRequest { token_id: token_id.to_owned(), r#type: kind.into(), bond_terms };
    let asset = edge.assets().import_asset(request).await?.into_inner().asset;
    let asset_id = asset.ok_or(CommandError::missing("asset"))?.id;
    let sync = wait_for_sync(edge, &asset_id, "", PATIENCE).await?;
    if sync.failure_reason.is_empty() {
        return Ok(asset_id);
    }
    Err(CommandError::Unexpected(format!("the sync failed: {}", sync.failure_reason)).into())
}

async fn accept(edge: &Edge, token_id: &str) -> Result<String, HarnessError> {
    let request = AddPaymentTokenRequest { token: token_id.to_owned() };
    let token = edge.payment_tokens().add_payment_token(request).await?.into_inner().payment_token;
    Ok(token.ok_or(CommandError::missing("payment_token"))?.code)
}

async fn fund(edge: &Edge, operator: &str, label: &str) -> Result<String, HarnessError> {
    let request = CreateFundingAccountRequest {
        label: label.to_owned(),
        account: operator.to_owned(),
        key_reference: OPERATOR_KEY_REFERENCE.to_owned(),
        ..CreateFundingAccountRequest::default()
    };
    let account = edge.funding_accounts().create_funding_account(request).await?.into_inner().funding_account;
    Ok(account.ok_or(CommandError::missing("funding_account"))?.id)
}
