//! The simulated world: a token with its holders, and the USDC to pay them.

use money::parse_units;
use serde_json::json;

use super::holders::DECIMALS;
use super::{Options, Stage};
use crate::error::CommandError;

/// Decimals of USDC.
pub(crate) const PAYMENT_DECIMALS: u8 = 6;

/// What was built.
pub(crate) struct World {
    /// The token whose holders are paid.
    pub(super) token_id: String,
    /// The token they are paid in; of this demonstration alone, so that all its transfers are ours.
    pub(super) payment_token_id: String,
    /// What is paid, in smallest units.
    pub(super) pool: u64,
    /// What the operator has of the payment token before anything is paid.
    pub(super) funds: u128,
}

pub(crate) async fn build(stage: &Stage, options: &Options) -> Result<World, CommandError> {
    // Twice the pool, which `parse_pool` keeps within what the network can count.
    let funds = options.pool.saturating_mul(2);
    let decimals = DECIMALS.to_string();
    let query = [("name", "Demo Share"), ("symbol", "DEMO"), ("decimals", decimals.as_str())];
    let token = stage.control.create_token_with_file(&query, options.holders.clone()).await?;
    let payment = json!({
        "name": "USD Coin", "symbol": "USDC", "decimals": PAYMENT_DECIMALS, "freeze_key": true,
        "treasury": stage.operator_account, "treasury_units": funds,
    });
    let payment = stage.control.create_token(&payment).await?;
    stage.say(format!(
        "sandbox: token {} with {} holders; USDC is {}",
        token.token_id, token.holders, payment.token_id
    ))?;
    Ok(World {
        token_id: token.token_id,
        payment_token_id: payment.token_id,
        pool: options.pool,
        funds: u128::from(funds),
    })
}

/// A pool as a person writes it, in smallest units: above zero, and the operator can have twice as much of it.
pub fn parse_pool(text: &str) -> Result<u64, String> {
    let pool = parse_units(text, PAYMENT_DECIMALS).map_err(|error| error.to_string())?;
    // The network counts in 64 signed bits.
    let pool = u64::try_from(pool).ok().filter(|pool| (1..=i64::MAX.unsigned_abs() / 2).contains(pool));
    pool.ok_or_else(|| "must be above zero and within what the network can count".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse_pool;

    #[test]
    fn a_pool_that_no_network_can_pay_is_refused() {
        assert_eq!(parse_pool("1000000"), Ok(1_000_000_000_000));
        assert_eq!(parse_pool("0.000001"), Ok(1));
        for bad in ["0", "1e6", "-1", "0.0000001", "9223372036854", "340282366920938463463374607431768211455"]
        {
            assert!(parse_pool(bad).is_err(), "{bad}");
        }
    }
}
