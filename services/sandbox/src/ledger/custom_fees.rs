//! Fees that a token's issuer takes from transfers of it.

use super::Ledger;
use super::consensus::Plan;
use super::history::{AssessedFee, Leg};
use super::status::Status;
use super::token::{CustomFee, Token};
use super::transaction::Submission;

/// Most balance changes of a transaction, custom fees included.
const MAX_BALANCE_CHANGES: usize = 20;

impl Ledger {
    /// Adds the custom fees of the transferred tokens to the plan; says whether there were any.
    pub(super) fn assess_custom_fees(
        &self,
        transaction: &Submission,
        plan: &mut Plan,
    ) -> Result<bool, Status> {
        for list in &transaction.tokens {
            if let Some(token) = self.token(list.token) {
                let lines: Vec<_> =
                    plan.legs.iter().filter(|leg| leg.token == Some(list.token)).copied().collect();
                for fee in &token.custom_fees {
                    assess(token, fee, &lines, plan)?;
                }
            }
        }
        if plan.legs.len() > MAX_BALANCE_CHANGES {
            return Err(Status::CustomFeeChargingExceededMaxAccountAmounts);
        }
        Ok(!plan.assessed.is_empty())
    }
}

/// Adds one fee for each sender, or each receiver, that is not exempt. The treasury and the collector are.
fn assess(token: &Token, fee: &CustomFee, lines: &[Leg], plan: &mut Plan) -> Result<(), Status> {
    let exempt = |account: u64| account == token.treasury.now() || account == fee.collector();
    let senders = || lines.iter().filter(|leg| leg.units < 0 && !exempt(leg.account));
    match fee {
        CustomFee::Fixed { amount, denominating_token, collector } => {
            let asset = denominating_token.map(|token| token.0);
            senders().try_for_each(|sender| plan.take(asset, sender.account, collector.0, *amount))
        }
        CustomFee::Fractional { net_of_transfers: true, collector, .. } => senders().try_for_each(|sender| {
            let units = part(fee, sender.units.unsigned_abs());
            plan.take(Some(token.number), sender.account, collector.0, units)
        }),
        CustomFee::Fractional { net_of_transfers: false, collector, .. } => {
            if senders().next().is_none() {
                return Ok(());
            }
            let receivers = lines.iter().filter(|leg| leg.units > 0 && !exempt(leg.account));
            receivers.into_iter().try_for_each(|receiver| {
                let received = receiver.units.unsigned_abs();
                plan.take(
                    Some(token.number),
                    receiver.account,
                    collector.0,
                    part(fee, received).min(received),
                )
            })
        }
    }
}

/// The fraction of `units`, within the fee's bounds.
fn part(fee: &CustomFee, units: u64) -> u64 {
    match fee {
        CustomFee::Fixed { amount, .. } => *amount,
        CustomFee::Fractional { numerator, denominator, minimum, maximum, .. } => {
            let fraction = u128::from(units) * u128::from(*numerator) / u128::from(*denominator).max(1);
            let fraction = u64::try_from(fraction).unwrap_or(u64::MAX);
            fraction.max(*minimum).min(maximum.unwrap_or(u64::MAX))
        }
    }
}

impl Plan {
    fn take(&mut self, token: Option<u64>, payer: u64, collector: u64, units: u64) -> Result<(), Status> {
        let signed =
            i64::try_from(units).map_err(|_| Status::InsufficientSenderAccountBalanceForCustomFee)?;
        self.merge(Leg { token, account: payer, units: -signed })?;
        self.merge(Leg { token, account: collector, units: signed })?;
        self.assessed.push(AssessedFee { token, units, collector, payer });
        Ok(())
    }

    fn merge(&mut self, added: Leg) -> Result<(), Status> {
        let same = |leg: &&mut Leg| leg.token == added.token && leg.account == added.account;
        let Some(leg) = self.legs.iter_mut().find(same) else {
            self.legs.push(added);
            return Ok(());
        };
        let units = leg.units.checked_add(added.units);
        leg.units = units.ok_or(Status::InsufficientSenderAccountBalanceForCustomFee)?;
        Ok(())
    }
}
