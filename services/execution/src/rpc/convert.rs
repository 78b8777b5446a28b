//! From what is stored to what is sent.

use std::time::{Duration, SystemTime};

use hedera::status::Class;
use ids::{PayoutId, RunId};
use money::AssetCode;
use proto::execution::v1 as pb;
use proto::r#type::v1 as types;

use crate::app::read::{RunView, WithdrawalView};
use crate::domain::alert::Alert;
use crate::domain::attempt::Cause;
use crate::domain::pause::{Pause, Scope};
use crate::domain::payout::{AttemptState, PayoutStatus};
use crate::domain::progress::{Progress, Tally};
use crate::domain::retry::RetryPolicy;
use crate::domain::run::RunState;
use crate::store::attempts::StoredAttempt;
use crate::store::batches::StoredBatch;
use crate::store::destinations::Destination;
use crate::store::evidence::StoredEvent;
use crate::store::funding_accounts::FundingAccount;
use crate::store::payouts::Payout;
use crate::store::runs::StoredRun;

pub(crate) fn funding_account(account: &FundingAccount) -> pb::FundingAccount {
    pb::FundingAccount {
        id: account.id.to_string(),
        label: account.label.clone(),
        account: account.account.to_string(),
        fee_payer_account: account.fee_payer.to_string(),
        key_reference: account.key_reference.clone(),
        fee_payer_key_reference: account.fee_payer_key_reference.clone(),
        created_by: account.created_by.clone(),
        create_time: Some(account.created_at.into()),
    }
}

pub(crate) fn run(view: &RunView) -> pb::Run {
    let RunView { stored, progress, pauses } = view;
    let header = &stored.run.header;
    let state = match stored.run.state {
        RunState::Running if !pauses.is_empty() => pb::RunState::Paused,
        state => run_state(state),
    };
    pb::Run {
        id: header.run.to_string(),
        distribution_id: header.distribution.map(|id| id.to_string()).unwrap_or_default(),
        funding_account_id: header.funding_account.to_string(),
        total: Some(amount(header.total_units, &header.asset)),
        count: header.count,
        entitlement_root: header.entitlement_root.to_vec(),
        batch_size: header.batch_size,
        parallelism: header.parallelism,
        state: state.into(),
        halt: stored.run.halt.as_ref().map(failure),
        progress: Some(self::progress(progress)),
        create_time: Some(stored.created_at.into()),
        end_time: stored.ended_at.map(Into::into),
        pauses: pauses.iter().map(pause).collect(),
        asset_id: header.held_asset.map(|asset| asset.to_string()).unwrap_or_default(),
        retry_policy: Some(retry_policy(&header.retry)),
        supersedes_run_id: header.supersedes.map(|run| run.to_string()).unwrap_or_default(),
        cancellation: stored
            .cancellation
            .as_ref()
            .map(|it| pb::Cancellation { by: it.by.clone(), reason: it.reason.clone() }),
    }
}

fn retry_policy(policy: &RetryPolicy) -> pb::RetryPolicy {
    pb::RetryPolicy {
        max_attempts: policy.max_attempts,
        base: prost_types::Duration::try_from(policy.base).ok(),
        cap: prost_types::Duration::try_from(policy.cap).ok(),
        factor_hundredths: policy.factor_hundredths,
        jitter_percent: Some(policy.jitter_percent),
        recipient_max_attempts: policy.recipient_max_attempts,
    }
}

/// An alert as it is sent.
pub(crate) fn alert(alert: &Alert) -> pb::Alert {
    pb::Alert {
        id: alert.id.to_string(),
        run_id: alert.run.to_string(),
        distribution_id: alert.distribution.map(|id| id.to_string()).unwrap_or_default(),
        failure: Some(types::Failure { hint: alert.hint.clone(), ..failure(&alert.cause) }),
        raise_time: Some(alert.raised_at.into()),
        end_time: alert.ended_at.map(Into::into),
        ended_by_itself: alert.ended_by_itself,
    }
}

/// A destination as it is sent.
pub(crate) fn destination(destination: &Destination) -> pb::Destination {
    pb::Destination {
        funding_account_id: destination.funding_account.to_string(),
        account: destination.account.to_string(),
        label: destination.label.clone(),
        added_by: destination.added_by.clone(),
        add_time: Some(destination.added_at.into()),
    }
}

/// A withdrawal as it is sent.
pub(crate) fn withdrawal(view: &WithdrawalView) -> pb::Withdrawal {
    let WithdrawalView { withdrawal, run, payout } = view;
    pb::Withdrawal {
        id: withdrawal.id().to_string(),
        reason: withdrawal.reason.clone(),
        created_by: withdrawal.created_by.clone(),
        create_time: Some(withdrawal.created_at.into()),
        payout: Some(self::payout(&run.stored, payout)),
        run: Some(self::run(run)),
    }
}

/// A pause as it is sent.
pub(crate) fn pause(pause: &Pause) -> pb::Pause {
    let scope = match pause.scope {
        Scope::Everything => pb::pause::Scope::Everything(()),
        Scope::Asset(asset) => pb::pause::Scope::AssetId(asset.to_string()),
        Scope::Run(run) => pb::pause::Scope::RunId(run.to_string()),
    };
    let resumed = pause.resumed.as_ref();
    pb::Pause {
        id: pause.id.to_string(),
        scope: Some(scope),
        reason: pause.paused.reason.clone(),
        paused_by: pause.paused.by.clone(),
        pause_time: Some(pause.paused.at.into()),
        resume_reason: resumed.map(|word| word.reason.clone()).unwrap_or_default(),
        resumed_by: resumed.map(|word| word.by.clone()).unwrap_or_default(),
        resume_time: resumed.map(|word| word.at.into()),
    }
}

fn run_state(state: RunState) -> pb::RunState {
    match state {
        RunState::Running => pb::RunState::Running,
        RunState::Halted => pb::RunState::Halted,
        RunState::Cancelling => pb::RunState::Cancelling,
        RunState::Completed => pb::RunState::Completed,
        RunState::Failed => pb::RunState::Failed,
        RunState::Cancelled => pb::RunState::Cancelled,
    }
}

/// The state that a filter names, none when it names none, and whether pauses matter.
pub(crate) fn wanted_run_state(state: pb::RunState) -> (Option<RunState>, Option<bool>) {
    let stored = match state {
        pb::RunState::Unspecified => None,
        pb::RunState::Running | pb::RunState::Paused => Some(RunState::Running),
        pb::RunState::Halted => Some(RunState::Halted),
        pb::RunState::Cancelling => Some(RunState::Cancelling),
        pb::RunState::Completed => Some(RunState::Completed),
        pb::RunState::Failed => Some(RunState::Failed),
        pb::RunState::Cancelled => Some(RunState::Cancelled),
    };
    let paused = (stored == Some(RunState::Running)).then_some(state == pb::RunState::Paused);
    (stored, paused)
}

fn progress(progress: &Progress) -> pb::RunProgress {
    pb::RunProgress {
        pending: Some(tally(progress.pending)),
        processing: Some(tally(progress.processing)),
        in_doubt: Some(tally(progress.in_doubt)),
        paid: Some(tally(progress.paid)),
        failed: Some(tally(progress.failed)),
        cancelled: Some(tally(progress.cancelled)),
        superseded: Some(tally(progress.superseded)),
        current_batch: progress.current_batch,
        batches_done: progress.batches_done,
        batches_total: progress.batches_total,
        attempts: progress.attempts,
        retries: progress.retries,
        payouts_per_second: progress.payouts_per_second(),
        seconds_left: progress.seconds_left(),
    }
}

fn tally(tally: Tally) -> pb::Tally {
    pb::Tally { payouts: tally.payouts, units: tally.units.to_string() }
}

pub(crate) fn amount(units: u128, asset: &AssetCode) -> types::Amount {
    types::Amount { units: units.to_string(), asset: asset.as_str().to_owned() }
}

/// Why something failed, as it is sent.
pub(crate) fn failure(cause: &Cause) -> types::Failure {
    let class = match cause.class {
        Class::Retryable => types::FailureClass::Retryable,
        Class::Recipient => types::FailureClass::Recipient,
        Class::Operator => types::FailureClass::Operator,
        Class::Compliance => types::FailureClass::Compliance,
        Class::Bug => types::FailureClass::Bug,
    };
    types::Failure { reason: cause.reason.clone(), class: class.into(), hint: cause.hint().to_owned() }
}

pub(crate) fn batch(run: RunId, batch: &StoredBatch, now: SystemTime) -> pb::Batch {
    let state = match (batch.done, batch.leased) {
        (true, _) => pb::BatchState::Done,
        (false, true) => pb::BatchState::Processing,
        (false, false) => pb::BatchState::Pending,
    };
    let decided = batch.paid + batch.failed + batch.superseded;
    let success_ppm = u64::from(batch.paid) * 1_000_000 / u64::from(decided.max(1));
    let worked =
        batch.started_at.map(|start| batch.ended_at.unwrap_or(now).duration_since(start).unwrap_or_default());
    pb::Batch {
        run_id: run.to_string(),
        number: batch.number,
        first_ordinal: batch.first_ordinal,
        size: batch.size,
        state: state.into(),
        paid: batch.paid,
        failed: batch.failed,
        in_doubt: batch.in_doubt,
        superseded: batch.superseded,
        success_ppm: u32::try_from(success_ppm).expect("at most a million"),
        start_time: batch.started_at.map(Into::into),
        end_time: batch.ended_at.map(Into::into),
        duration: worked.and_then(|worked: Duration| prost_types::Duration::try_from(worked).ok()),
        next_time: batch.due_at.filter(|_| !batch.done && !batch.leased).map(Into::into),
    }
}

pub(crate) fn payout(run: &StoredRun, payout: &Payout) -> pb::Payout {
    let header = &run.run.header;
    let account = types::recipient::Kind::HederaAccount(format!("0.0.{}", payout.account));
    let transaction_id = payout.transaction.map(|transaction| transaction.to_string());
    pb::Payout {
        id: PayoutId { run: header.run, ordinal: payout.ordinal }.to_string(),
        run_id: header.run.to_string(),
        ordinal: payout.ordinal,
        batch_number: payout.ordinal / header.batch_size + 1,
        recipient: Some(types::Recipient { kind: Some(account) }),
        amount: Some(amount(payout.units, &header.asset)),
        status: payout_status(payout.status).into(),
        transaction_id: transaction_id.unwrap_or_default(),
        failure: payout.cause.as_ref().map(failure),
        update_time: Some(payout.updated_at.unwrap_or(run.created_at).into()),
        consensus_ns: payout.consensus_ns.unwrap_or_default(),
        next_attempt_time: payout.next_at.map(Into::into),
        superseded_by: payout.superseded_by.map(|by| by.to_string()).unwrap_or_default(),
        supersedes: payout.supersedes.map(|old| old.to_string()).unwrap_or_default(),
    }
}

fn payout_status(status: PayoutStatus) -> pb::PayoutStatus {
    match status {
        PayoutStatus::Pending => pb::PayoutStatus::Pending,
        PayoutStatus::Processing => pb::PayoutStatus::Processing,
        PayoutStatus::InDoubt => pb::PayoutStatus::InDoubt,
        PayoutStatus::Paid => pb::PayoutStatus::Paid,
        PayoutStatus::Failed => pb::PayoutStatus::Failed,
        PayoutStatus::Cancelled => pb::PayoutStatus::Cancelled,
        PayoutStatus::Superseded => pb::PayoutStatus::Superseded,
    }
}

/// The status that a filter names, `Ok(None)` when it names none; an error where no payout of this rail ever has it.
pub(crate) fn wanted_payout_status(status: pb::PayoutStatus) -> Result<Option<PayoutStatus>, ()> {
    match status {
        pb::PayoutStatus::Unspecified => Ok(None),
        pb::PayoutStatus::Pending => Ok(Some(PayoutStatus::Pending)),
        pb::PayoutStatus::Processing => Ok(Some(PayoutStatus::Processing)),
        pb::PayoutStatus::InDoubt => Ok(Some(PayoutStatus::InDoubt)),
        pb::PayoutStatus::Paid => Ok(Some(PayoutStatus::Paid)),
        pb::PayoutStatus::Failed => Ok(Some(PayoutStatus::Failed)),
        pb::PayoutStatus::Cancelled => Ok(Some(PayoutStatus::Cancelled)),
        pb::PayoutStatus::Superseded => Ok(Some(PayoutStatus::Superseded)),
        pb::PayoutStatus::AwaitingRecipient | pb::PayoutStatus::Returned | pb::PayoutStatus::Expired => {
            Err(())
        }
    }
}

pub(crate) fn attempt(attempt: &StoredAttempt, events: &[StoredEvent]) -> pb::Attempt {
    let state = match attempt.state {
        // The first begin of sending is committed with the intent.
        AttemptState::Open => pb::AttemptState::Sent,
        AttemptState::InDoubt => pb::AttemptState::InDoubt,
        AttemptState::Settled => pb::AttemptState::Settled,
        AttemptState::Dead => pb::AttemptState::Dead,
    };
    pb::Attempt {
        id: attempt.id.to_string(),
        run_id: attempt.run.to_string(),
        batch_number: attempt.batch_number,
        ordinals: attempt.ordinals.clone(),
        transaction_id: attempt.transaction.to_string(),
        state: state.into(),
        failure: attempt.cause.as_ref().map(failure),
        transaction_hashes: attempt.hashes.clone(),
        window_start_ns: attempt.transaction.valid_start_ns(),
        window_end_ns: attempt.window_end_ns,
        send_begins: attempt.send_begins,
        create_time: Some(attempt.created_at.into()),
        decide_time: attempt.decided_at.map(Into::into),
        evidence: evidence(attempt, events),
    }
}

/// What the attempt's own row says, around what was noted besides.
fn evidence(attempt: &StoredAttempt, events: &[StoredEvent]) -> Vec<pb::Evidence> {
    let entry = |time: SystemTime, kind: &str, detail: String| pb::Evidence {
        time: Some(time.into()),
        kind: kind.to_owned(),
        detail,
    };
    let begun = entry(attempt.created_at, "INTENDED", "committed; sending begun".to_owned());
    let noted = events.iter().filter(|event| event.attempt_id == attempt.id.as_uuid());
    let noted = noted.map(|event| entry(event.at.0, &event.kind, event.detail.clone()));
    let decided = attempt.decided_at.zip(attempt.proof.as_ref()).map(|(at, proof)| {
        let what = if attempt.state == AttemptState::Settled { "settled" } else { "dead" };
        entry(at, "DECIDED", format!("{what}, by {proof}"))
    });
    std::iter::once(begun).chain(noted).chain(decided).collect()
}

/// Where a list that is newest first goes on: microseconds since the epoch, which is all PostgreSQL keeps, and an id.
pub(crate) type Newest = (u64, u128);

/// The place of the last one given.
pub(crate) fn newest(at: SystemTime, id: ids::Uuid) -> Newest {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (u64::try_from(since.as_micros()).unwrap_or(u64::MAX), id.as_u128())
}

/// The time and id that a place stands for.
pub(crate) fn before((micros, id): Newest) -> (SystemTime, ids::Uuid) {
    (SystemTime::UNIX_EPOCH + Duration::from_micros(micros), ids::Uuid::from_u128(id))
}
