//! A request to create, read field by field: all mistakes that show without asking anybody.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use money::{AssetCode, Network};
use prost_types::Timestamp;
use proto::distribution::v1 as pb;
use proto::execution::v1::RetryPolicy as PbRetryPolicy;
use service_kit::error::FieldViolations;
use service_kit::validate::{self, MALFORMED, OUT_OF_RANGE, REQUIRED};

use super::{amounts, convert};
use crate::app::{Change, Draft};
use crate::domain::account::Account;
use crate::domain::deduction::Deductions;
use crate::domain::distribution::RetryPolicy;
use crate::domain::kind::Kind;
use crate::domain::treatment::Treatment;
use crate::time;

pub(super) const LABEL_CHARS_MAX: usize = 100;
pub(super) const BATCH_SIZE_DEFAULT: u32 = 100;
pub(super) const BATCH_SIZE_MAX: u32 = 1_000;
pub(super) const PARALLELISM_MAX: u32 = 64;
const DECISIONS_MAX: usize = 1_000;
const ACCOUNTS_MAX: usize = 1_000;
const ATTEMPTS_MAX: u32 = 20;
const FACTOR_MIN: u32 = 100;
const FACTOR_MAX: u32 = 1_000;
const WAIT_MIN: Duration = Duration::from_millis(1);
const WAIT_MAX: Duration = Duration::from_hours(24);

/// Reads a redemption. What is owed follows from the bond, and the balances are those of now.
pub(super) fn read_redemption(message: &pb::CreateRedemptionRequest, network: Network) -> Draft {
    let mut violations = FieldViolations::new();
    let found = &mut violations;
    let mut draft = Draft {
        asset: validate::parse(found, "asset_id", &message.asset_id),
        accounts: accounts(found, &message.accounts),
        label: validate::text(found, "label", &message.label, LABEL_CHARS_MAX),
        kind: Some(Kind::Redemption),
        payment_token: payment_token(found, "payment_token", network, &message.payment_token),
        funding_account: validate::parse(found, "funding_account_id", &message.funding_account_id),
        decisions: decisions(found, &message.holder_decisions),
        batch_size: or_default(found, "batch_size", message.batch_size, BATCH_SIZE_DEFAULT, BATCH_SIZE_MAX),
        parallelism: or_default(found, "parallelism", message.parallelism, 1, PARALLELISM_MAX),
        retry: retry_policy(found, "", message.retry_policy.as_ref()),
        execute_now: message.execute_now,
        ..Draft::default()
    };
    draft.violations = violations;
    draft
}

fn accounts(violations: &mut FieldViolations, texts: &[String]) -> Vec<(usize, Account)> {
    if texts.len() > ACCOUNTS_MAX {
        violations.add("accounts", OUT_OF_RANGE, format!("at most {ACCOUNTS_MAX}; leave it empty for all"));
        return Vec::new();
    }
    let (mut seen, mut read) = (BTreeSet::new(), Vec::new());
    for (place, text) in texts.iter().enumerate() {
        let field = format!("accounts[{place}]");
        let Some(account) = validate::parse(violations, &field, text) else { continue };
        if seen.insert(account) {
            read.push((place, account));
        } else {
            violations.add(field, "DUPLICATE", "each account once");
        }
    }
    read
}

/// Reads a request; `now` is what a record time must not be after.
pub(super) fn read(message: &pb::CreateDistributionRequest, network: Network, now: SystemTime) -> Draft {
    let mut violations = FieldViolations::new();
    let found = &mut violations;
    let payment_token = payment_token(found, "payment_token", network, &message.payment_token);
    let mut draft = Draft {
        asset: validate::parse(found, "asset_id", &message.asset_id),
        accounts: Vec::new(),
        label: validate::text(found, "label", &message.label, LABEL_CHARS_MAX),
        kind: kind(found, message.kind),
        rule: amounts::rule(found, message.amount_rule.as_ref(), payment_token.as_ref()),
        deductions: Deductions {
            withholding: amounts::withholding(found, message.withholding.as_ref()).unwrap_or_default(),
            minimum: amounts::minimum(found, message.minimum_amount.as_ref(), payment_token.as_ref())
                .unwrap_or_default(),
        },
        payment_token,
        funding_account: validate::parse(found, "funding_account_id", &message.funding_account_id),
        record_time_ns: record_time(found, message.record_time.as_ref(), now),
        snapshot: validate::parse_optional(found, "snapshot_id", &message.snapshot_id).flatten(),
        decisions: decisions(found, &message.holder_decisions),
        batch_size: or_default(found, "batch_size", message.batch_size, BATCH_SIZE_DEFAULT, BATCH_SIZE_MAX),
        parallelism: or_default(found, "parallelism", message.parallelism, 1, PARALLELISM_MAX),
        retry: retry_policy(found, "", message.retry_policy.as_ref()),
        execute_now: message.execute_now,
        violations: FieldViolations::new(),
    };
    draft.violations = violations;
    draft
}

/// Reads a change; what is absent stays as it is. Whether amounts are in the payment token is seen where that is known.
pub(super) fn read_change(
    message: &pb::UpdateDistributionRequest,
    network: Network,
    now: SystemTime,
) -> Change {
    let mut violations = FieldViolations::new();
    let found = &mut violations;
    let rule = message.amount_rule.as_ref();
    let label = message.label.as_ref();
    let token = message.payment_token.as_ref();
    let funding = message.funding_account_id.as_ref();
    let decided = message.holder_decisions.as_ref();
    let mut number = |field, value: Option<u32>, max| {
        value.and_then(|value| validate::within(found, field, value, 1, max))
    };
    let batch_size = number("batch_size", message.batch_size, BATCH_SIZE_MAX);
    let parallelism = number("parallelism", message.parallelism, PARALLELISM_MAX);
    let mut change = Change {
        label: label.and_then(|label| validate::text(found, "label", label, LABEL_CHARS_MAX)),
        rule: rule.and_then(|rule| amounts::rule(found, Some(rule), None)),
        withholding: amounts::withholding(found, message.withholding.as_ref()),
        minimum: amounts::minimum(found, message.minimum_amount.as_ref(), None),
        codes: amounts::codes(rule, message.minimum_amount.as_ref()),
        payment_token: token.and_then(|token| payment_token(found, "payment_token", network, token)),
        funding_account: funding.and_then(|id| validate::parse(found, "funding_account_id", id)),
        record_time_ns: record_time(found, message.record_time.as_ref(), now),
        decisions: decided.map(|decided| decisions(found, &decided.decisions)),
        batch_size,
        parallelism,
        retry: message.retry_policy.as_ref().and_then(|policy| retry_policy(found, "", Some(policy))),
        execute_now: message.execute_now,
        violations: FieldViolations::new(),
    };
    change.violations = violations;
    change
}

fn kind(violations: &mut FieldViolations, number: i32) -> Option<Kind> {
    match validate::known(violations, "kind", number)? {
        pb::DistributionKind::Unspecified => {
            violations.add("kind", REQUIRED, "DIVIDEND, COUPON or CUSTOM");
            None
        }
        pb::DistributionKind::Dividend => Some(Kind::Dividend),
        pb::DistributionKind::Coupon => Some(Kind::Coupon),
        pb::DistributionKind::Custom => Some(Kind::Custom),
        pb::DistributionKind::Redemption => {
            violations.add("kind", "IS_A_REDEMPTION", "redemptions are created by RedemptionService");
            None
        }
        pb::DistributionKind::List => {
            violations.add("kind", "IS_A_LIST", "lists of payees come from files; see IngestService");
            None
        }
    }
}

/// The code of what is paid.
pub(super) fn payment_token(
    violations: &mut FieldViolations,
    field: &str,
    network: Network,
    text: &str,
) -> Option<AssetCode> {
    if text.is_empty() {
        violations.add(field, REQUIRED, "\"hbar\" or the id of an HTS token");
        return None;
    }
    if text == "hbar" {
        return Some(AssetCode::hbar(network));
    }
    let token = AssetCode::token(network, text).ok();
    if token.is_none() {
        violations.add(field, MALFORMED, "\"hbar\" or the id of an HTS token, such as 0.0.456858");
    }
    token
}

/// The nanoseconds of a time that may be absent.
pub(super) fn time(violations: &mut FieldViolations, field: &str, time: Option<&Timestamp>) -> Option<i64> {
    let time = time?;
    let nanos = time::nanos(time);
    if nanos.is_none() {
        violations.add(field, MALFORMED, "a time from 1677 to 2262");
    }
    nanos
}

fn record_time(
    violations: &mut FieldViolations,
    record_time: Option<&Timestamp>,
    now: SystemTime,
) -> Option<i64> {
    let nanos = time(violations, "record_time", record_time)?;
    if nanos > time::nanos_of(now) {
        violations.add(
            "record_time",
            "IN_THE_FUTURE",
            "now or before; what is to be paid later is a schedule",
        );
        return None;
    }
    Some(nanos)
}

fn decisions(
    violations: &mut FieldViolations,
    decisions: &[pb::HolderDecision],
) -> Vec<(Account, Treatment)> {
    if decisions.len() > DECISIONS_MAX {
        violations.add("holder_decisions", OUT_OF_RANGE, format!("at most {DECISIONS_MAX}"));
        return Vec::new();
    }
    let (mut seen, mut read) = (BTreeSet::new(), Vec::new());
    for (place, decision) in decisions.iter().enumerate() {
        let field = format!("holder_decisions[{place}].account");
        let account: Option<Account> = validate::parse(violations, &field, &decision.account);
        if account.is_some_and(|account| !seen.insert(account)) {
            violations.add(field, "DUPLICATE", "one decision for each account");
        }
        let field = format!("holder_decisions[{place}].treatment");
        let treatment = validate::known(violations, &field, decision.treatment).and_then(|given| {
            let treatment = convert::treatment_in(given);
            if treatment.is_none() {
                violations.add(field, REQUIRED, "PAY, HOLD or EXCLUDE");
            }
            treatment
        });
        // A decision that cannot be read keeps its place, so that later ones are named by theirs.
        read.push((account.unwrap_or(Account::ZERO), treatment.unwrap_or(Treatment::Hold)));
    }
    read
}

/// A number where zero stands for the default.
pub(super) fn or_default(
    violations: &mut FieldViolations,
    field: &str,
    value: u32,
    default: u32,
    max: u32,
) -> Option<u32> {
    if value == 0 { Some(default) } else { validate::within(violations, field, value, 1, max) }
}

/// How failures are tried again; `within` is what stands before the names of the fields.
pub(super) fn retry_policy(
    violations: &mut FieldViolations,
    within: &str,
    policy: Option<&PbRetryPolicy>,
) -> Option<RetryPolicy> {
    let default = RetryPolicy::default();
    let Some(policy) = policy else { return Some(default) };
    let attempts = &format!("{within}retry_policy.max_attempts");
    let max_attempts =
        or_default(violations, attempts, policy.max_attempts, default.max_attempts, ATTEMPTS_MAX);
    let mut wait = |field: &str, given: Option<&prost_types::Duration>, default| {
        let Some(given) = given else { return Some(default) };
        let wait = Duration::try_from(*given).ok().filter(|wait| (WAIT_MIN..=WAIT_MAX).contains(wait));
        if wait.is_none() {
            violations.add(format!("{within}{field}"), OUT_OF_RANGE, "between a millisecond and a day");
        }
        wait
    };
    let base = wait("retry_policy.base", policy.base.as_ref(), default.base);
    let cap = wait("retry_policy.cap", policy.cap.as_ref(), default.cap);
    let (factor, recipient) = ("retry_policy.factor_hundredths", "retry_policy.recipient_max_attempts");
    let factor_hundredths = match policy.factor_hundredths {
        0 => Some(default.factor_hundredths),
        given => validate::within(violations, factor, given, FACTOR_MIN, FACTOR_MAX),
    };
    let jitter = policy.jitter_percent.unwrap_or(default.jitter_percent);
    let jitter_percent = validate::within(violations, "retry_policy.jitter_percent", jitter, 0, 100);
    let most = default.recipient_max_attempts;
    let recipient_max_attempts =
        or_default(violations, recipient, policy.recipient_max_attempts, most, ATTEMPTS_MAX);
    let policy = RetryPolicy {
        max_attempts: max_attempts?,
        base: base?,
        cap: cap?,
        factor_hundredths: factor_hundredths?,
        jitter_percent: jitter_percent?,
        recipient_max_attempts: recipient_max_attempts?,
    };
    if policy.cap < policy.base {
        violations.add(format!("{within}retry_policy.cap"), OUT_OF_RANGE, "not below the base");
        return None;
    }
    Some(policy)
}
