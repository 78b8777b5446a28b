//! The simulated world: a token with its holders, and the USDC to pay them.

use money::parse_units;
use serde_json::json;

use super::holders::DECIMALS;
use super::{Options, Stage};
use crate::error::CommandError;

/// Decimals of USDC.
pub(super) const PAYMENT_DECIMALS: u8 = 6;

/// What was built.
pub(super) struct World {
    /// The token whose holders are paid.
    pub(super) token_id: String,
    /// The token they are paid in; of this demonstration alone, so that all its transfers are ours.
    pub(super) payment_token_id: String,
    /// What is paid, in smallest units.
    pub(super) pool: u128,
    /// What the operator has of the payment token before anything is paid.
    pub(super) funds: u128,
}

pub(super) async fn build(stage: &Stage, options: &Options) -> Result<World, CommandError> {
    let pool = parse_units(&options.pool, PAYMENT_DECIMALS)
        .map_err(|error| CommandError::input(format!("--pool {:?} {error}", options.pool)))?;
    let funds = funds(pool)?;
    let file = options.holders.csv()?;
    let decimals = DECIMALS.to_string();
    let query = [("name", "Demo Share"), ("symbol", "DEMO"), ("decimals", decimals.as_str())];
    let token = stage.control.create_token_with_file(&query, file).await?;
    let payment = json!({
        "name": "USD Coin", "symbol": "USDC", "decimals": PAYMENT_DECIMALS, "freeze_key": true,
        "treasury": stage.operator_account, "treasury_units": funds,
    });
    let payment = stage.control.create_token(&payment).await?;
    stage.say(format!(
        "sandbox: token {} with {} holders; USDC is {}",
        token.token_id, token.holders, payment.token_id
    ))?;
    Ok(World { token_id: token.token_id, payment_token_id: payment.token_id, pool, funds: u128::from(funds) })
}

/// The operator has twice the pool, within what the network can count.
fn funds(pool: u128) -> Result<u64, CommandError> {
    let funds = pool.checked_mul(2).and_then(|funds| u64::try_from(funds).ok());
    let funds = funds.filter(|funds| pool > 0 && i64::try_from(*funds).is_ok());
    funds
        .ok_or_else(|| CommandError::input("--pool must be above zero and within what the network can count"))
}

#[cfg(test)]
mod tests {
    use super::funds;

    #[test]
    fn a_pool_that_no_network_can_pay_is_refused() {
        assert_eq!(funds(1_000_000).expect("payable"), 2_000_000);
        for bad in [0, u128::from(u64::MAX), u128::MAX] {
            assert!(funds(bad).is_err(), "{bad}");
        }
    }
}
