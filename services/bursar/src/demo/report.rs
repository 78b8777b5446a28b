//! What the demonstration came to: for people, and as one line of JSON.

use money::format_units;
use proto::r#type::v1::Amount;
use serde_json::{Value, json};

use super::Stage;
use super::judge::Judgement;
use super::pay::Paid;
use super::prepare::Plan;
use super::reconcile::Disagreement;
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
    let verdict = figures.verdict(&judgement.reconciliation.disagreements);
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

    fn verdict(&self, disagreements: &[Disagreement]) -> Result<(), CommandError> {
        let result = &self.judgement.reconciliation;
        let payouts = result.paid + result.unpaid + result.open;
        let checks = [
            (disagreements.is_empty(), "our record and the sandbox's ledger disagree"),
            (result.open == 0, "payouts are left undecided"),
            (payouts == u64::from(self.plan.entitlements.payee_count), "not every payee has a payout"),
            (result.rail_units == result.recorded_units, "the ledger paid another sum than we recorded"),
            (
                result.rail_units == self.judgement.rail_debited,
                "the funding account lost another sum than payees got",
            ),
            (
                self.entitled.checked_add(self.residue) == Some(self.pool),
                "entitled + residue is not the pool",
            ),
        ];
        let broken: Vec<&str> =
            checks.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect();
        if broken.is_empty() { Ok(()) } else { Err(CommandError::Disagreement(broken.join("; "))) }
    }
}

fn units(amount: Option<&Amount>) -> Result<u128, CommandError> {
    let digits = amount.map(|amount| amount.units.as_str()).ok_or(CommandError::missing("amount"))?;
    digits.parse().map_err(|_| CommandError::Unexpected(format!("units {digits:?}")))
}
