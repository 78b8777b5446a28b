//! What a run would cost, and whether the funds are there.

use hedera::AccountId;
use hedera::mirror::ExchangeRate;
use hedera::transfer::RECIPIENTS_MAX;
use ids::FundingAccountId;
use money::{AssetCode, AssetKind};

use crate::app::Context;
use crate::clients::hedera_rail::rail_asset;
use crate::error::Error;
use crate::store::funding_accounts;

/// One dollar in tinycents, the unit of the network's fee schedule (HIP-1261).
const TINYCENTS_PER_DOLLAR: u128 = 10_000_000_000;

/// What a run would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Network fees in tinybars if every transaction succeeds at once.
    pub expected_fees_tinybars: u128,
    /// What the fee payer has, in tinybars.
    pub fee_payer_balance_tinybars: u128,
    /// What the funding account has of the asset, in smallest units.
    pub funding_units: u128,
    /// What must be there of it.
    pub required_units: u128,
    /// The debited account.
    pub account: AccountId,
    /// The fee-paying account.
    pub fee_payer: AccountId,
    /// What the network reckons fees by.
    pub rate: ExchangeRate,
    /// The asset takes a fee out of what a payee is sent.
    pub fee_on_receipt: bool,
}

/// Asks the mirror node for balances and the exchange rate, and adds up.
pub async fn quote_run(
    ctx: &Context,
    funding: FundingAccountId,
    asset: &AssetCode,
    count: u32,
    total_units: u128,
) -> Result<Quote, Error> {
    let conn = ctx.conn().await?;
    let account =
        funding_accounts::find(&conn, funding).await?.ok_or(Error::FundingAccountNotFound(funding))?;
    drop(conn);
    let hbar = AssetCode::hbar(ctx.network);
    let balance =
        async |id, asset: &AssetCode| ctx.rail.balance(id, asset).await?.ok_or(Error::AccountNotFound(id));
    let fee_on_receipt = fee_on_receipt(ctx, asset).await?;
    let funding_units = balance(account.account, asset).await?;
    let fee_payer_balance_tinybars = balance(account.fee_payer, &hbar).await?;
    let rate = ctx.rail.mirror().exchange_rate().await?;
    let expected_fees_tinybars = fees_tinybars(rate, count, matches!(asset.parts(), AssetKind::Token { .. }));
    let reserve =
        if *asset == hbar && account.account == account.fee_payer { expected_fees_tinybars } else { 0 };
    Ok(Quote {
        expected_fees_tinybars,
        fee_payer_balance_tinybars,
        funding_units,
        required_units: total_units.saturating_add(reserve),
        account: account.account,
        fee_payer: account.fee_payer,
        rate,
        fee_on_receipt,
    })
}

/// Asked for every quote, and so before every run: a token's issuer may add a fee at any time.
async fn fee_on_receipt(ctx: &Context, asset: &AssetCode) -> Result<bool, Error> {
    let hedera::transfer::Asset::Token { id, .. } = rail_asset(asset, 0)? else { return Ok(false) };
    let token = ctx.rail.mirror().token(id).await?;
    Ok(token.is_some_and(|token| token.custom_fees.reduce_receipts()))
}

/// Fees of paying `count` payees, in tinybars.
pub(super) fn fees_tinybars(rate: ExchangeRate, count: u32, token: bool) -> u128 {
    tinybars(fees_tinycents(count, token), rate)
}

/// What so many tinycents are in tinybars, rounded up: a quote that is a tinybar short is of no use.
pub(super) fn tinybars(tinycents: u128, rate: ExchangeRate) -> u128 {
    (tinycents * u128::from(rate.hbar_equivalent)).div_ceil(rate.cent_equivalent.max(1).into())
}

/// Fees of paying `count` payees, nine at a time, in tinycents: $0.0001 a transfer, as much for each account beyond
/// two, and $0.0009 where a token moves (HIP-1261 simple fees, as of 2026).
pub(super) fn fees_tinycents(count: u32, token: bool) -> u128 {
    let nine = u32::try_from(RECIPIENTS_MAX).expect("nine");
    let unit = TINYCENTS_PER_DOLLAR / 10_000;
    let one = |payees: u32| match payees {
        0 => 0,
        payees => unit * (u128::from(payees) + if token { 9 } else { 0 }),
    };
    u128::from(count / nine) * one(nine) + one(count % nine)
}

#[cfg(test)]
mod tests {
    use super::fees_tinycents;

    #[test]
    fn ten_party_transfers_cost_what_the_schedule_says() {
        assert_eq!(fees_tinycents(9, false), 9_000_000, "$0.0009");
        assert_eq!(fees_tinycents(9, true), 18_000_000, "$0.0018");
        assert_eq!(fees_tinycents(1, true), 10_000_000, "$0.0010");
        assert_eq!(fees_tinycents(10, true), 28_000_000);
        assert_eq!(fees_tinycents(0, true), 0);
    }
}
