//! The rail alone: the same transactions once more, signed, sent and asked for by execution's own client at the same
//! parallelism, and nothing of them written down. What stands on the other side is the sandbox, in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use execution::Node;
use execution::clients::hedera_rail::{Heard, HederaRail, Order};
use execution::clients::keyring::Keyring;
use execution::domain::attempt::{Verdict, by_receipt};
use execution::domain::plan::{Group, plan};
use execution::store::funding_accounts::FundingAccount;
use execution::store::instructions::Instruction;
use futures::future::try_join_all;
use hedera::Status;
use ids::{AttemptId, FundingAccountId, RunId, SystemIds};
use money::AssetCode;
use proto::execution::v1::StreamPayoutsRequest;
use proto::r#type::v1::recipient::Kind;
use tokio::task::JoinSet;

use super::path::Path;
use super::{BATCH_SIZE, WORKERS, tuned};
use crate::demo::Stage;
use crate::demo::world::PAYMENT_DECIMALS;
use crate::error::CommandError;
use crate::suite::{Suite, SuiteConfig};

/// Between two questions for a receipt, as in execution.
const RECEIPT_WAIT: Duration = Duration::from_millis(2);
/// Questions for one receipt before the rail is called broken.
const RECEIPT_QUESTIONS_MAX: u32 = 5_000;

/// All that the transactions have in common.
struct Rail {
    client: HederaRail,
    funding: FundingAccount,
    asset: AssetCode,
    payees: Vec<Instruction>,
}

/// How long the rail takes to pay everybody whom `path` has paid once more, one smallest unit each.
pub(super) async fn measure(suite: &Suite, stage: &Stage, path: &Path) -> Result<Duration, CommandError> {
    let rail = Arc::new(Rail {
        client: client(suite)?,
        funding: funding(stage)?,
        asset: path.payment_code.parse().map_err(failed)?,
        payees: payees(stage, path).await?,
    });
    let next = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(work(Arc::clone(&rail), Arc::clone(&next)));
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(failed)??;
    }
    Ok(began.elapsed())
}

fn client(suite: &Suite) -> Result<HederaRail, CommandError> {
    let sandbox = suite.sandbox().ok_or_else(|| CommandError::input("the benchmark needs the sandbox"))?;
    let network = sandbox.network();
    let node = |account: String, address| {
        Ok(Node { account: account.parse().map_err(failed)?, url: format!("http://{address}") })
    };
    let nodes = network.nodes.iter().map(|found| node(found.account_id.to_string(), found.address));
    let nodes = nodes.collect::<Result<Vec<_>, CommandError>>()?;
    let keys = Keyring::new(suite.layout().funding_keys());
    let tuning = tuned(SuiteConfig::new(suite.layout().root())).execution;
    HederaRail::new(&nodes, &network.mirror.url, keys, tuning).map_err(failed)
}

fn funding(stage: &Stage) -> Result<FundingAccount, CommandError> {
    let account = stage.operator_account.parse().map_err(failed)?;
    Ok(FundingAccount {
        id: FundingAccountId::new(&SystemIds),
        label: "bench".to_owned(),
        account,
        key_reference: stage.operator_key_reference.clone(),
        fee_payer: account,
        fee_payer_key_reference: stage.operator_key_reference.clone(),
        created_by: String::new(),
        created_at: SystemTime::now(),
    })
}

async fn payees(stage: &Stage, path: &Path) -> Result<Vec<Instruction>, CommandError> {
    let request = StreamPayoutsRequest { run_id: path.run_id.clone() };
    let mut payouts = stage.session.edge.execution().stream_payouts(request).await?.into_inner();
    let mut found = Vec::new();
    while let Some(chunk) = payouts.message().await? {
        for payout in chunk.payouts {
            let kind = payout.recipient.and_then(|recipient| recipient.kind);
            let Some(Kind::HederaAccount(account)) = kind else {
                return Err(CommandError::missing("recipient"));
            };
            let account = account.parse::<hedera::AccountId>().map_err(failed)?.num();
            found.push(Instruction { ordinal: payout.ordinal, account, units: 1, supersedes: None });
        }
    }
    Ok(found)
}

async fn work(rail: Arc<Rail>, next: Arc<AtomicU32>) -> Result<(), CommandError> {
    let run = RunId::new(&SystemIds);
    let count = u32::try_from(rail.payees.len()).map_err(failed)?;
    loop {
        let first = next.fetch_add(1, Ordering::Relaxed) * BATCH_SIZE;
        if first >= count {
            return Ok(());
        }
        let ordinals: Vec<u32> = (first..(first + BATCH_SIZE).min(count)).collect();
        try_join_all(plan(&ordinals, &[]).into_iter().map(|group| pay(&rail, run, group))).await?;
    }
}

async fn pay(rail: &Rail, run: RunId, group: Group) -> Result<(), CommandError> {
    let place = |ordinal: u32| usize::try_from(ordinal).expect("an ordinal of these payees");
    let instructions: Vec<Instruction> =
        group.ordinals.iter().map(|ordinal| rail.payees[place(*ordinal)]).collect();
    let attempt = rail.client.prepare(Order {
        attempt: AttemptId::new(&SystemIds),
        run,
        funding: &rail.funding,
        asset: &rail.asset,
        decimals: PAYMENT_DECIMALS,
        instructions: &instructions,
        group,
        now: SystemTime::now(),
    });
    let attempt = attempt.map_err(failed)?;
    let (_, heard) = rail.client.send(&attempt, 0).await;
    if heard != Heard::Answer(Status::OK) {
        return Err(failed(format!("a node answered {heard:?}")));
    }
    for _ in 0..RECEIPT_QUESTIONS_MAX {
        match rail.client.receipt(attempt.transaction, 0).await.map(by_receipt) {
            Some(Verdict::Settled { .. }) => return Ok(()),
            Some(Verdict::Undecided) | None => tokio::time::sleep(RECEIPT_WAIT).await,
            Some(Verdict::Dead { cause, .. }) => return Err(failed(cause.reason)),
        }
    }
    Err(failed("no receipt came"))
}

fn failed(error: impl std::fmt::Display) -> CommandError {
    CommandError::Unexpected(format!("the rail alone: {error}"))
}
