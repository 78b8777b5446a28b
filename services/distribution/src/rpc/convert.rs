//! From the domain to the contract's messages, and the few small things that go both ways.

use prost::Message as _;
use proto::distribution::v1 as pb;
use proto::execution::v1::RunProgress;
use proto::r#type::v1 as common;

use crate::domain::calculation::{AmountRule, PoolBase, Totals};
use crate::domain::distribution::{Distribution, Entitlements, Terms};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::kind::Kind;
use crate::domain::state::{Action, Phase};
use crate::domain::treatment::{Reason, Treatment};
use crate::store::entitlements::Entitlement;
use crate::time::timestamp;

/// A distribution.
pub(super) fn distribution(whole: &Distribution) -> pb::Distribution {
    let terms = &whole.terms;
    let allowed_actions = whole.allowed_actions().into_iter().map(|allowed| action(allowed).into());
    let progress = whole.report.as_ref().map(|report| {
        // What cannot be read was written by a newer version of execution, and is left out.
        RunProgress::decode(report.progress.as_slice()).unwrap_or_default()
    });
    pb::Distribution {
        id: whole.id.to_string(),
        asset_id: terms.asset.to_string(),
        label: terms.label.clone(),
        kind: kind(terms.kind).into(),
        amount_rule: Some(amount_rule(terms)),
        payment_token: terms.payment_token.to_string(),
        payment_decimals: terms.payment_decimals.into(),
        funding_account_id: terms.funding_account.to_string(),
        record_time: Some(timestamp(terms.record_time_ns)),
        holder_decisions: decisions(terms),
        batch_size: terms.batch_size,
        parallelism: terms.parallelism,
        state: phase(whole.state.phase()).into(),
        allowed_actions: allowed_actions.collect(),
        failure: whole.state.failure().map(failure),
        entitlements: whole.entitlements.as_ref().map(|result| entitlements(result, terms)),
        run_id: whole.run.to_string(),
        progress,
        execute_now: terms.execute_now,
        created_by: whole.created_by.clone(),
        create_time: Some(timestamp(whole.created_ns)),
        execute_time: whole.executed_ns.map(timestamp),
        end_time: whole.state.ended_ns().map(timestamp),
        cancel_reason: whole.cancel_reason.clone(),
        accounts: terms.accounts.iter().map(ToString::to_string).collect(),
        retry_policy: Some(terms.retry.into()),
        rerun_of: String::new(),
    }
}

pub(super) fn kind(kind: Kind) -> pb::DistributionKind {
    match kind {
        Kind::Dividend => pb::DistributionKind::Dividend,
        Kind::Coupon => pb::DistributionKind::Coupon,
        Kind::Custom => pb::DistributionKind::Custom,
        Kind::Redemption => pb::DistributionKind::Redemption,
    }
}

pub(super) fn amount_rule(terms: &Terms) -> pb::AmountRule {
    let rule = match terms.rule {
        AmountRule::PerToken(rate) => pb::amount_rule::Rule::PerToken(rate.to_string()),
        AmountRule::Pool { units, base } => {
            let base = match base {
                PoolBase::EligibleHolders => pb::PoolBase::EligibleHolders,
                PoolBase::TotalSupply => pb::PoolBase::TotalSupply,
            };
            pb::amount_rule::Rule::Pool(pb::Pool { amount: Some(amount(units, terms)), base: base.into() })
        }
    };
    pb::AmountRule { rule: Some(rule) }
}

/// So much of the payment token.
pub(super) fn amount(units: u128, terms: &Terms) -> common::Amount {
    common::Amount { units: units.to_string(), asset: terms.payment_token.to_string() }
}

pub(super) fn decisions(terms: &Terms) -> Vec<pb::HolderDecision> {
    let decision = |(account, decided): (&_, &Treatment)| pb::HolderDecision {
        account: ToString::to_string(account),
        treatment: treatment(*decided).into(),
    };
    terms.decisions.iter().map(decision).collect()
}

/// What a calculation that counts came to.
fn entitlements(result: &Entitlements, terms: &Terms) -> pb::Entitlements {
    pb::Entitlements {
        snapshot_id: result.snapshot.to_string(),
        consensus_ns: result.consensus_ns,
        entitlement_root: result.root.to_vec(),
        ..totals(&result.totals, terms)
    }
}

/// The numbers of a calculation.
pub(super) fn totals(totals: &Totals, terms: &Terms) -> pb::Entitlements {
    pb::Entitlements {
        payee_count: totals.payee_count,
        zero_count: totals.zero_count,
        held_count: totals.held_count,
        excluded_count: totals.excluded_count,
        entitled: Some(amount(totals.entitled, terms)),
        held: Some(amount(totals.held, terms)),
        pool: Some(amount(totals.pool, terms)),
        residue: Some(amount(totals.residue, terms)),
        ..pb::Entitlements::default()
    }
}

/// What one holder is owed.
pub(super) fn entitlement(stored: &Entitlement) -> pb::Entitlement {
    pb::Entitlement {
        ordinal: stored.ordinal,
        account: stored.account.to_string(),
        evm_address: stored.evm.to_string(),
        balance: stored.balance.to_string(),
        units: stored.units.to_string(),
        treatment: treatment(stored.treatment).into(),
        reason: stored.reason.map(Reason::as_str).unwrap_or_default().to_owned(),
        counted_balance: stored.counted.map(|units| units.to_string()).unwrap_or_default(),
    }
}

/// A treatment.
pub(super) fn treatment(treatment: Treatment) -> pb::HolderTreatment {
    match treatment {
        Treatment::Pay => pb::HolderTreatment::Pay,
        Treatment::Hold => pb::HolderTreatment::Hold,
        Treatment::Exclude => pb::HolderTreatment::Exclude,
    }
}

/// A treatment from outside; none when unspecified.
pub(super) fn treatment_in(treatment: pb::HolderTreatment) -> Option<Treatment> {
    match treatment {
        pb::HolderTreatment::Unspecified => None,
        pb::HolderTreatment::Pay => Some(Treatment::Pay),
        pb::HolderTreatment::Hold => Some(Treatment::Hold),
        pb::HolderTreatment::Exclude => Some(Treatment::Exclude),
    }
}

fn phase(phase: Phase) -> pb::DistributionState {
    match phase {
        Phase::PendingApproval => pb::DistributionState::PendingApproval,
        Phase::Snapshotting => pb::DistributionState::Snapshotting,
        Phase::Upcoming => pb::DistributionState::Upcoming,
        Phase::Ongoing => pb::DistributionState::Ongoing,
        Phase::Paused => pb::DistributionState::Paused,
        Phase::Completed => pb::DistributionState::Completed,
        Phase::Failed => pb::DistributionState::Failed,
        Phase::Cancelled => pb::DistributionState::Cancelled,
    }
}

/// The phase that a list is filtered by; none is all.
pub(super) fn phase_in(state: pb::DistributionState) -> Option<Phase> {
    match state {
        pb::DistributionState::Unspecified => None,
        pb::DistributionState::PendingApproval => Some(Phase::PendingApproval),
        pb::DistributionState::Upcoming => Some(Phase::Upcoming),
        pb::DistributionState::Snapshotting => Some(Phase::Snapshotting),
        pb::DistributionState::Ongoing => Some(Phase::Ongoing),
        pb::DistributionState::Paused => Some(Phase::Paused),
        pb::DistributionState::Completed => Some(Phase::Completed),
        pb::DistributionState::Failed => Some(Phase::Failed),
        pb::DistributionState::Cancelled => Some(Phase::Cancelled),
    }
}

fn action(action: Action) -> pb::DistributionAction {
    match action {
        Action::Execute => pb::DistributionAction::Execute,
        Action::Retry => pb::DistributionAction::Retry,
        Action::Cancel => pb::DistributionAction::Cancel,
        Action::RetryPayouts => pb::DistributionAction::RetryPayouts,
        Action::Rerun => pb::DistributionAction::Rerun,
    }
}

fn failure(failure: &Failure) -> common::Failure {
    let class = match failure.class {
        FailureClass::Retryable => common::FailureClass::Retryable,
        FailureClass::Recipient => common::FailureClass::Recipient,
        FailureClass::Operator => common::FailureClass::Operator,
        FailureClass::Compliance => common::FailureClass::Compliance,
        FailureClass::Bug => common::FailureClass::Bug,
    };
    common::Failure { reason: failure.reason.clone(), class: class.into(), hint: failure.hint.clone() }
}
