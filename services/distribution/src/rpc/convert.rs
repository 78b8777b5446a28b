//! From the domain to the contract's messages, and the few small things that go both ways.

use money::AssetCode;
use prost::Message as _;
use proto::distribution::v1 as pb;
use proto::execution::v1::RunProgress;
use proto::r#type::v1 as common;

use super::{amounts, approval_convert};
use crate::app::Owed;
use crate::domain::calculation::Totals;
use crate::domain::distribution::{Distribution, Entitlements, FromHolders, Source};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::kind::Kind;
use crate::domain::phase::Phase;
use crate::domain::state::Action;
use crate::domain::treatment::{Reason, Treatment};
use crate::store::entitlements::Entitlement;
use crate::time::timestamp;

/// A distribution.
pub(super) fn distribution(whole: &Distribution) -> pb::Distribution {
    let terms = &whole.terms;
    let holders = match &terms.source {
        Source::Holders(holders) => Some(&**holders),
        Source::List(_) => None,
    };
    let allowed_actions = whole.allowed_actions().into_iter().map(|allowed| action(allowed).into());
    let progress = whole.report.as_ref().map(|report| {
        // What cannot be read was written by a newer version of execution, and is left out.
        RunProgress::decode(report.progress.as_slice()).unwrap_or_default()
    });
    pb::Distribution {
        id: whole.id.to_string(),
        asset_id: terms.asset().map(|asset| asset.to_string()).unwrap_or_default(),
        label: terms.label.clone(),
        kind: kind(terms.kind).into(),
        amount_rule: holders.map(|holders| amounts::amount_rule(holders, &terms.payment_token)),
        payment_token: terms.payment_token.to_string(),
        payment_decimals: terms.payment_decimals.into(),
        funding_account_id: terms.funding_account.to_string(),
        record_time: holders.map(|holders| timestamp(holders.record_time_ns)),
        holder_decisions: holders.map(decisions).unwrap_or_default(),
        batch_size: terms.batch_size,
        parallelism: terms.parallelism,
        state: phase(whole.state.phase()).into(),
        allowed_actions: allowed_actions.collect(),
        failure: whole.state.failure().map(failure),
        entitlements: whole.entitlements.as_ref().map(|result| entitlements(result, &terms.payment_token)),
        run_id: whole.run.to_string(),
        progress,
        execute_now: terms.execute_now(),
        created_by: whole.created_by.clone(),
        create_time: Some(timestamp(whole.created_ns)),
        execute_time: whole.executed_ns.map(timestamp),
        end_time: whole.state.ended_ns().map(timestamp),
        cancel_reason: whole.cancel_reason.clone(),
        accounts: holders
            .into_iter()
            .flat_map(|holders| &holders.accounts)
            .map(ToString::to_string)
            .collect(),
        retry_policy: Some(terms.retry.into()),
        rerun_of: terms.rerun_of().map(|old| old.to_string()).unwrap_or_default(),
        version: whole.terms_version,
        amendments: approval_convert::amendments(whole),
        approval: approval_convert::approval(whole),
        void_approvals: approval_convert::void_approvals(whole),
        withholding: holders.and_then(|holders| amounts::withholding_out(&holders.deductions)),
        minimum_amount: holders
            .and_then(|holders| amounts::minimum_out(&holders.deductions, &terms.payment_token)),
    }
}

pub(super) fn kind(kind: Kind) -> pb::DistributionKind {
    match kind {
        Kind::Dividend => pb::DistributionKind::Dividend,
        Kind::Coupon => pb::DistributionKind::Coupon,
        Kind::Custom => pb::DistributionKind::Custom,
        Kind::Redemption => pb::DistributionKind::Redemption,
        Kind::List => pb::DistributionKind::List,
    }
}

/// So much of the payment token.
pub(super) fn amount(units: u128, payment_token: &AssetCode) -> common::Amount {
    common::Amount { units: units.to_string(), asset: payment_token.to_string() }
}

pub(super) fn decisions(holders: &FromHolders) -> Vec<pb::HolderDecision> {
    let decision = |(account, decided): (&_, &Treatment)| pb::HolderDecision {
        account: ToString::to_string(account),
        treatment: treatment(*decided).into(),
    };
    holders.decisions.iter().map(decision).collect()
}

/// What a calculation that counts came to.
fn entitlements(result: &Entitlements, payment_token: &AssetCode) -> pb::Entitlements {
    let balances = result.balances;
    pb::Entitlements {
        snapshot_id: balances.map(|balances| balances.snapshot.to_string()).unwrap_or_default(),
        consensus_ns: balances.map_or(0, |balances| balances.consensus_ns),
        entitlement_root: result.root.to_vec(),
        ..totals(&result.totals, payment_token)
    }
}

/// The numbers of a calculation.
pub(super) fn totals(totals: &Totals, payment_token: &AssetCode) -> pb::Entitlements {
    pb::Entitlements {
        payee_count: totals.payee_count,
        zero_count: totals.zero_count,
        held_count: totals.held_count,
        excluded_count: totals.excluded_count,
        entitled: Some(amount(totals.entitled, payment_token)),
        held: Some(amount(totals.held, payment_token)),
        pool: Some(amount(totals.pool, payment_token)),
        residue: Some(amount(totals.residue, payment_token)),
        carried_count: totals.carried_count,
        withheld: Some(amount(totals.withheld, payment_token)),
        carried_forward: Some(amount(totals.carried, payment_token)),
        net: Some(amount(totals.net(), payment_token)),
        brought_forward: Some(amount(totals.brought, payment_token)),
        payable: Some(amount(totals.payable(), payment_token)),
        ..pb::Entitlements::default()
    }
}

/// What somebody is owed.
pub(super) fn entitlement(owed: &Owed) -> pb::Entitlement {
    match owed {
        Owed::Account(stored, (reference, note)) => {
            pb::Entitlement { reference: reference.clone(), note: note.clone(), ..of_account(stored) }
        }
        Owed::Held(held) => pb::Entitlement {
            units: held.units.to_string(),
            treatment: pb::HolderTreatment::Hold.into(),
            reason: "NO_ACCOUNT".to_owned(),
            reference: held.reference.clone(),
            note: held.note.clone(),
            email: held.email.address.clone(),
            name: held.email.name.clone().unwrap_or_default(),
            ..pb::Entitlement::default()
        },
    }
}

fn of_account(stored: &Entitlement) -> pb::Entitlement {
    let holding = stored.holding;
    let counted = holding.and_then(|holding| holding.counted);
    let gross = match stored.treatment {
        Treatment::Pay => (stored.units - stored.brought + stored.withheld + stored.carried).to_string(),
        Treatment::Hold | Treatment::Exclude => String::new(),
    };
    pb::Entitlement {
        ordinal: stored.ordinal,
        account: stored.account.to_string(),
        evm_address: holding.map(|holding| holding.evm.to_string()).unwrap_or_default(),
        balance: holding.map(|holding| holding.balance.to_string()).unwrap_or_default(),
        units: stored.units.to_string(),
        treatment: treatment(stored.treatment).into(),
        reason: stored.reason.map(Reason::as_str).unwrap_or_default().to_owned(),
        counted_balance: counted.map(|units| units.to_string()).unwrap_or_default(),
        gross_units: gross,
        withheld_units: stored.withheld.to_string(),
        brought_forward_units: stored.brought.to_string(),
        carried_forward_units: stored.carried.to_string(),
        ..pb::Entitlement::default()
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
        Action::Modify => pb::DistributionAction::Modify,
        Action::Approve => pb::DistributionAction::Approve,
        Action::Reject => pb::DistributionAction::Reject,
        Action::RetryPayouts => pb::DistributionAction::RetryPayouts,
        Action::Rerun => pb::DistributionAction::Rerun,
    }
}

/// Why something failed, as it is sent.
pub(super) fn failure(failure: &Failure) -> common::Failure {
    let class = match failure.class {
        FailureClass::Retryable => common::FailureClass::Retryable,
        FailureClass::Recipient => common::FailureClass::Recipient,
        FailureClass::Operator => common::FailureClass::Operator,
        FailureClass::Compliance => common::FailureClass::Compliance,
        FailureClass::Bug => common::FailureClass::Bug,
    };
    common::Failure { reason: failure.reason.clone(), class: class.into(), hint: failure.hint.clone() }
}
