//! What the demonstration came to: for people, and as one line of JSON.

use money::format_units;
use proto::r#type::v1::Amount;
use serde_json::{Value, json};

use super::Stage;
use super::judge::Judgement;
use super::pay::Paid;
use super::prepare::Plan;
use super::world::PAYMENT_DECIMALS;
use crate::error::CommandError;
use crate::output::Screen;

/// Disagreements that are printed one by one.
const SHOWN_MAX: usize = 20;

/// Prints the reconciliation, and fails when anything disagrees or is left open.
pub(super) fn print(
    stage: &Stage,
    plan: &Plan,
    paid: &Paid,
    judgement: &Judgement,
) -> Result<(), CommandError> {
    let figures = Figures::new(plan, paid, judgement)?;
    for line in figures.lines() {
        stage.say(line)?;
    }
    for disagreement in judgement.reconciliation.disagreements.iter().take(SHOWN_MAX) {
        stage.say(format!("  DISAGREEMENT: {disagreement}"))?;
    }
    let verdict = figures.sums().verdict();
    if verdict.is_ok() {
        stage.say("our record and the sandbox's ledger agree in every payout")?;
    }
    if stage.session.screen.json() {
        Screen::result(figures.json().to_string())?;
    }
    verdict
}

/// All figures of the result.
struct Figures<'a> {
    plan: &'a Plan,
    paid: &'a Paid,
    judgement: &'a Judgement,
    pool: u128,
    entitled: u128,
    residue: u128,
}

impl<'a> Figures<'a> {
    fn new(plan: &'a Plan, paid: &'a Paid, judgement: &'a Judgement) -> Result<Figures<'a>, CommandError> {
        let found = &plan.entitlements;
        Ok(Figures {
            plan,
            paid,
            judgement,
            pool: units(found.pool.as_ref())?,
            entitled: units(found.entitled.as_ref())?,
            residue: units(found.residue.as_ref())?,
        })
    }

    fn payouts_per_second(&self) -> u64 {
        let milliseconds = u64::try_from(self.paid.elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        self.judgement.reconciliation.paid.saturating_mul(1000) / milliseconds
    }

    fn lines(&self) -> Vec<String> {
        let (found, result) = (&self.plan.entitlements, &self.judgement.reconciliation);
        let amount = |units: u128| format_units(units, PAYMENT_DECIMALS);
        let counters = self.paid.counters;
        vec![
            "reconciliation:".to_owned(),
            format!(
                "  {} holders: {} payees, {} held, {} excluded, {} get zero",
                self.plan.holders,
                found.payee_count,
                found.held_count,
                found.excluded_count,
                found.zero_count
            ),
            format!(
                "  pool {} = entitled {} + residue {}",
                amount(self.pool),
                amount(self.entitled),
                amount(self.residue)
            ),
            format!(
                "  our record: {} paid ({}), {} unpaid, {} open",
                result.paid,
                amount(result.recorded_units),
                result.unpaid,
                result.open
            ),
            format!(
                "  the ledger: {} effects ({}), {} duplicate, {} unmatched; the funding account lost {}",
                result.rail_effects,
                amount(result.rail_units),
                result.duplicate_effects,
                result.unmatched,
                amount(self.judgement.rail_debited)
            ),
            format!(
                "  {} attempts, {} retries, through {} BUSY and {} lost answers, in {} s: {} payouts/s",
                self.paid.progress.attempts,
                self.paid.progress.retries,
                counters.busy,
                counters.lost_before + counters.lost_after,
                self.paid.elapsed.as_secs(),
                self.payouts_per_second()
            ),
        ]
    }

    fn json(&self) -> Value {
        let (found, result) = (&self.plan.entitlements, &self.judgement.reconciliation);
        let counters = self.paid.counters;
        json!({
            "holders": self.plan.holders,
            "payees": found.payee_count,
            "held": found.held_count,
            "excluded": found.excluded_count,
            "zero": found.zero_count,
            "paid": result.paid,
            "failed": result.unpaid,
            "in_doubt": self.judgement.in_doubt,
            "open": result.open,
            "pool": self.pool.to_string(),
            "entitled": self.entitled.to_string(),
            "residue": self.residue.to_string(),
            "recorded_paid": result.recorded_units.to_string(),
            "rail_paid": result.rail_units.to_string(),
            "rail_effects": result.rail_effects,
            "rail_debited": self.judgement.rail_debited.to_string(),
            "duplicate_effects": result.duplicate_effects,
            "unmatched": result.unmatched,
            "attempts": self.paid.progress.attempts,
            "retries": self.paid.progress.retries,
            "faults": {
                "busy": counters.busy, "lost_before": counters.lost_before, "lost_after": counters.lost_after,
            },
            "seconds": self.paid.elapsed.as_secs(),
            "payouts_per_second": self.payouts_per_second(),
            "distribution_id": self.plan.distribution_id,
            "run_id": self.plan.run_id,
        })
    }

    fn sums(&self) -> Sums {
        let result = &self.judgement.reconciliation;
        Sums {
            agrees: result.agrees(),
            open: result.open,
            payouts: result.paid + result.unpaid + result.open,
            payees: self.plan.entitlements.payee_count.into(),
            recorded_units: result.recorded_units,
            rail_units: result.rail_units,
            rail_debited: self.judgement.rail_debited,
            pool: self.pool,
            entitled: self.entitled,
            residue: self.residue,
        }
    }
}

/// What has to add up.
#[derive(Clone, Copy, Debug)]
struct Sums {
    agrees: bool,
    open: u64,
    payouts: u64,
    payees: u64,
    recorded_units: u128,
    rail_units: u128,
    rail_debited: u128,
    pool: u128,
    entitled: u128,
    residue: u128,
}

impl Sums {
    /// Everything that does not.
    fn broken(&self) -> Vec<&'static str> {
        let checks = [
            (self.agrees, "our record and the sandbox's ledger disagree"),
            (self.open == 0, "payouts are left undecided"),
            (self.payouts == self.payees, "not every payee has a payout"),
            (self.rail_units == self.recorded_units, "the ledger paid another sum than we recorded"),
            (self.rail_units == self.rail_debited, "the funding account lost another sum than payees got"),
            (
                self.entitled.checked_add(self.residue) == Some(self.pool),
                "entitled + residue is not the pool",
            ),
        ];
        checks.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect()
    }

    fn verdict(&self) -> Result<(), CommandError> {
        let broken = self.broken();
        if broken.is_empty() { Ok(()) } else { Err(CommandError::Disagreement(broken.join("; "))) }
    }
}

fn units(amount: Option<&Amount>) -> Result<u128, CommandError> {
    let digits = amount.map(|amount| amount.units.as_str()).ok_or(CommandError::missing("amount"))?;
    digits.parse().map_err(|_| CommandError::Unexpected(format!("units {digits:?}")))
}

#[cfg(test)]
mod tests {
    use super::Sums;

    const FINE: Sums = Sums {
        agrees: true,
        open: 0,
        payouts: 3,
        payees: 3,
        recorded_units: 90,
        rail_units: 90,
        rail_debited: 90,
        pool: 100,
        entitled: 95,
        residue: 5,
    };

    #[test]
    fn whatever_does_not_add_up_fails_the_demonstration_and_is_named() {
        assert!(FINE.verdict().is_ok());
        let broken = [
            (Sums { agrees: false, ..FINE }, "disagree"),
            (Sums { open: 1, ..FINE }, "undecided"),
            (Sums { payouts: 2, ..FINE }, "not every payee"),
            (Sums { recorded_units: 89, ..FINE }, "another sum than we recorded"),
            (Sums { rail_debited: 91, ..FINE }, "the funding account lost another sum"),
            (Sums { residue: 6, ..FINE }, "not the pool"),
            (Sums { residue: u128::MAX, ..FINE }, "not the pool"),
        ];
        for (sums, what) in broken {
            let [only] = sums.broken().try_into().expect("one thing");
            assert!(only.contains(what), "{only}");
            assert!(sums.verdict().is_err_and(|error| error.to_string().contains(what)));
        }
    }
}
