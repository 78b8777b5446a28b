//! `StartRun`.

use std::collections::VecDeque;
use std::time::Duration;

use hedera::AccountId;
use ids::RunId;
use money::Units;
use proto::execution::v1 as pb;
use proto::r#type::v1::recipient;
use service_kit::error::{FieldViolations, Problem};
use service_kit::{idempotency, validate};
use tonic::{Request, Status, Streaming};

use crate::app::Context;
use crate::app::start_run::{Instructions, start_run};
use crate::domain::retry::RetryPolicy;
use crate::domain::run::Header;
use crate::error::Error;
use crate::rpc::get_run;
use crate::store::instructions::Instruction;

const CHUNK_MAX: usize = 2000;
const BATCH_SIZE_DEFAULT: u32 = 100;
const BATCH_SIZE_MAX: u32 = 1000;
const PARALLELISM_MAX: u32 = 64;
const ATTEMPTS_MAX: u32 = 20;
const FACTOR_MIN: u32 = 100;
const FACTOR_MAX: u32 = 1000;
const DECIMALS_MAX: u32 = 38;
const WAIT_MAX: Duration = Duration::from_hours(24);

pub(super) async fn handle(
    ctx: &Context,
    request: Request<Streaming<pb::StartRunRequest>>,
) -> Result<pb::StartRunResponse, Status> {
    let mut stream = request.into_inner();
    let first = stream.message().await?.and_then(|message| message.part);
    let Some(pb::start_run_request::Part::Header(declared)) = first else {
        return Err(Error::from(Problem::field(
            "header",
            validate::REQUIRED,
            "the first message is the header",
        ))
        .into());
    };
    let header_hash = idempotency::request_hash(&declared);
    let header = header(&declared)?;
    start_run(ctx, &header, &header_hash, Incoming(stream)).await?;
    Ok(pb::StartRunResponse { run: Some(get_run::run(ctx, header.run).await?) })
}

struct Incoming(Streaming<pb::StartRunRequest>);

impl Instructions for Incoming {
    async fn next(&mut self) -> Result<Option<VecDeque<Instruction>>, Error> {
        let message = self.0.message().await.map_err(|status| {
            let text = format!("the stream of instructions broke: {}", status.message());
            Problem::user(tonic::Code::Aborted, "STREAM_BROKEN", text)
        })?;
        let Some(message) = message else { return Ok(None) };
        let Some(pb::start_run_request::Part::Instructions(chunk)) = message.part else {
            return Err(
                Problem::field("instructions", validate::REQUIRED, "instructions after the header").into()
            );
        };
        if chunk.instructions.len() > CHUNK_MAX {
            let rule = format!("at most {CHUNK_MAX} instructions in a message");
            return Err(Problem::field("instructions", validate::OUT_OF_RANGE, rule).into());
        }
        chunk.instructions.iter().map(instruction).collect::<Result<_, _>>().map(Some)
    }
}

fn instruction(message: &pb::Instruction) -> Result<Instruction, Error> {
    let at = |field: &str| format!("instructions[{}].{field}", message.ordinal);
    let Some(recipient::Kind::HederaAccount(account)) =
        message.recipient.as_ref().and_then(|to| to.kind.as_ref())
    else {
        return Err(Problem::field(at("recipient"), validate::REQUIRED, "a Hedera account").into());
    };
    let account: AccountId = account
        .parse()
        .map_err(|_| Problem::field(at("recipient"), validate::MALFORMED, "an account like 0.0.5005"))?;
    if account.shard() != 0 || account.realm() != 0 || account.num() == 0 {
        return Err(Problem::field(
            at("recipient"),
            validate::OUT_OF_RANGE,
            "an account 0.0.N, N above zero",
        )
        .into());
    }
    let units: Units = message
        .units
        .parse()
        .map_err(|_| Problem::field(at("units"), validate::MALFORMED, "decimal digits of smallest units"))?;
    if units.0 == 0 || units.0 > i64::MAX.cast_unsigned().into() {
        return Err(
            Problem::field(at("units"), validate::OUT_OF_RANGE, "above zero, at most 2^63 - 1").into()
        );
    }
    if message.supersedes.is_some_and(|ordinal| ordinal > i32::MAX.cast_unsigned()) {
        return Err(
            Problem::field(at("supersedes"), validate::OUT_OF_RANGE, "an ordinal of the other run").into()
        );
    }
    let (ordinal, supersedes) = (message.ordinal, message.supersedes);
    Ok(Instruction { ordinal, account: account.num(), units: units.0, supersedes })
}

fn header(message: &pb::RunHeader) -> Result<Header, Error> {
    let mut violations = FieldViolations::new();
    let run = validate::parse(&mut violations, "header.run_id", &message.run_id);
    let distribution = validate::parse(&mut violations, "header.distribution_id", &message.distribution_id);
    let funding = validate::parse(&mut violations, "header.funding_account_id", &message.funding_account_id);
    let held_asset = validate::parse_optional(&mut violations, "header.asset_id", &message.asset_id);
    let asset = validate::parse(&mut violations, "header.asset", &message.asset);
    let total = validate::parse::<Units>(&mut violations, "header.total_units", &message.total_units);
    let count_max = i32::MAX.cast_unsigned();
    validate::within(&mut violations, "header.count", message.count, 1, count_max);
    validate::within(&mut violations, "header.decimals", message.decimals, 0, DECIMALS_MAX);
    validate::within(&mut violations, "header.batch_size", message.batch_size, 0, BATCH_SIZE_MAX);
    validate::within(&mut violations, "header.parallelism", message.parallelism, 0, PARALLELISM_MAX);
    let supersedes: Option<Option<RunId>> =
        validate::parse_optional(&mut violations, "header.supersedes_run_id", &message.supersedes_run_id);
    if run.is_some() && supersedes.flatten() == run {
        violations.add("header.supersedes_run_id", validate::OUT_OF_RANGE, "another run");
    }
    let root: Option<[u8; 32]> = message.entitlement_root.as_slice().try_into().ok();
    if root.is_none() {
        violations.add("header.entitlement_root", validate::MALFORMED, "32 bytes");
    }
    let retry = retry_policy(&mut violations, message.retry_policy.as_ref());
    violations.into_result()?;
    let ids = run.zip(distribution).zip(funding);
    let (((run, distribution), funding_account), ((asset, total), entitlement_root)) =
        ids.zip(asset.zip(total).zip(root)).expect("what is missing was noted as a violation");
    Ok(Header {
        run,
        held_asset: held_asset.flatten(),
        distribution: Some(distribution),
        funding_account,
        asset,
        decimals: u8::try_from(message.decimals).expect("checked to be at most 38"),
        count: message.count,
        total_units: total.0,
        entitlement_root,
        batch_size: if message.batch_size == 0 { BATCH_SIZE_DEFAULT } else { message.batch_size },
        parallelism: message.parallelism.max(1),
        retry,
        supersedes: supersedes.flatten(),
    })
}

fn retry_policy(violations: &mut FieldViolations, message: Option<&pb::RetryPolicy>) -> RetryPolicy {
    let default = RetryPolicy::default();
    let Some(message) = message else { return default };
    let mut wait = |field: &str, value: Option<prost_types::Duration>, absent: Duration| {
        let wait = value.map_or(Ok(absent), Duration::try_from).unwrap_or(Duration::MAX);
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let max = u64::try_from(WAIT_MAX.as_millis()).unwrap_or(u64::MAX);
        validate::within(violations, &format!("header.retry_policy.{field} (ms)"), millis, 1, max);
        wait
    };
    let base = wait("base", message.base, default.base);
    let cap = wait("cap", message.cap, default.cap.max(base));
    if cap < base {
        violations.add("header.retry_policy.cap", validate::OUT_OF_RANGE, "at least the base");
    }
    let mut number = |field: &str, value: u32, min: u32, max: u32, absent: u32| {
        if value != 0 {
            validate::within(violations, &format!("header.retry_policy.{field}"), value, min, max);
        }
        if value == 0 { absent } else { value }
    };
    let max_attempts = number("max_attempts", message.max_attempts, 1, ATTEMPTS_MAX, default.max_attempts);
    let factor_hundredths = number(
        "factor_hundredths",
        message.factor_hundredths,
        FACTOR_MIN,
        FACTOR_MAX,
        default.factor_hundredths,
    );
    let recipient_max_attempts = number(
        "recipient_max_attempts",
        message.recipient_max_attempts,
        1,
        ATTEMPTS_MAX,
        default.recipient_max_attempts,
    );
    let jitter_percent = message.jitter_percent.unwrap_or(default.jitter_percent);
    validate::within(violations, "header.retry_policy.jitter_percent", jitter_percent, 0, 100);
    RetryPolicy { max_attempts, base, cap, factor_hundredths, jitter_percent, recipient_max_attempts }
}
