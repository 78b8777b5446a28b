//! The protocol's own rows, and nothing else: the instructions by COPY, then for each batch the commit that intends and the
//! commit that records, by execution's own statements on execution's own tables. It knows no rail, no gRPC, no
//! snapshot and no calculation, and looks for no work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use diesel_async::AsyncPgConnection;
use execution::domain::attempt::{Attempt, Proof};
use execution::domain::retry::{RetryPolicy, Tries};
use execution::domain::run::Header;
use execution::store::batches::{self, Recount};
use execution::store::claims::{self, DueBatch, Planned};
use execution::store::decisions::{self, Decision, Ending};
use execution::store::funding_accounts::{self, FundingAccount};
use execution::store::instructions::{Instruction, Load};
use execution::store::{attempts, runs};
use hedera::transfer::{RECIPIENTS_MAX, SignedCopy};
use hedera::{AccountId, TransactionId};
use ids::{AttemptId, DistributionId, FundingAccountId, RunId, SystemIds, Uuid};
use pg::embedded::Cluster;
use pg::{DbConfig, Planner, Pool};
use tokio::task::JoinSet;

use super::{BATCH_SIZE, WORKERS};
use crate::error::CommandError;

/// What one payee gets, in smallest units.
const UNITS: u128 = 1_000_000;
/// As long as a signed transfer to nine payees.
const COPY_BYTES: usize = 420;
const LEASE: Duration = Duration::from_mins(1);

/// How long the database takes for the rows of a run of `payees` that goes well.
pub(super) async fn measure(cluster: &Cluster, payees: u32) -> Result<Duration, CommandError> {
    let provisioned = cluster.provision("bench-protocol").await.map_err(failed)?;
    pg::migrate(&provisioned.owner_url, execution::MIGRATIONS).await.map_err(failed)?;
    // The owner, because grants are to execution's own role.
    let config = DbConfig::new(provisioned.owner_url.clone(), provisioned.owner_url);
    let pool = pg::connect(&config, Planner::Lookups).await.map_err(failed)?;
    let header = header(payees);
    let began = Instant::now();
    hand_over(&pool, &config.url, &header).await?;
    let next = Arc::new(AtomicU32::new(0));
    let mut workers = JoinSet::new();
    for slot in 0..WORKERS {
        workers.spawn(work(pool.clone(), header.clone(), slot, Arc::clone(&next)));
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(failed)??;
    }
    Ok(began.elapsed())
}

fn header(payees: u32) -> Header {
    Header {
        run: RunId::new(&SystemIds),
        held_asset: None,
        distribution: Some(DistributionId::new(&SystemIds)),
        funding_account: FundingAccountId::new(&SystemIds),
        asset: "hedera:sandbox/hbar".parse().expect("a code"),
        decimals: 8,
        count: payees,
        total_units: u128::from(payees) * UNITS,
        entitlement_root: [0; 32],
        batch_size: BATCH_SIZE,
        parallelism: WORKERS,
        retry: RetryPolicy::default(),
        supersedes: None,
    }
}

fn payer() -> AccountId {
    AccountId::from_num(1001).expect("a number in range")
}

async fn hand_over(pool: &Pool, url: &str, header: &Header) -> Result<(), CommandError> {
    let funding = FundingAccount {
        id: header.funding_account,
        label: "bench".to_owned(),
        account: payer(),
        key_reference: String::new(),
        fee_payer: payer(),
        fee_payer_key_reference: String::new(),
        created_by: String::new(),
        created_at: SystemTime::now(),
    };
    let mut conn = pool.get().await.map_err(failed)?;
    funding_accounts::insert(&mut conn, &funding).await.map_err(failed)?;
    let under = Uuid::nil();
    let mut load = Load::begin(url, header.run, under).await.map_err(failed)?;
    for ordinal in 0..header.count {
        let instruction =
            Instruction { ordinal, account: u64::from(ordinal) + 1, units: UNITS, supersedes: None };
        load.push(instruction).await.map_err(failed)?;
    }
    load.finish().await.map_err(failed)?;
    runs::insert(&mut conn, header, &[0; 32], under).await.map_err(failed)?;
    batches::insert_all(&mut conn, header, under).await.map_err(failed)
}

async fn work(pool: Pool, header: Header, slot: u32, next: Arc<AtomicU32>) -> Result<(), CommandError> {
    let mut conn = pool.get().await.map_err(failed)?;
    loop {
        let first_ordinal = next.fetch_add(1, Ordering::Relaxed) * BATCH_SIZE;
        if first_ordinal >= header.count {
            return Ok(());
        }
        let batch = DueBatch {
            run: header.run,
            number: first_ordinal / BATCH_SIZE + 1,
            first_ordinal,
            size: BATCH_SIZE.min(header.count - first_ordinal),
            slot,
            epoch: 1,
            attempts: 0,
            paused: false,
            adopted: false,
        };
        let attempts = planned(&batch);
        pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
            intend(conn, &batch, &attempts).await
        })
        .await?;
        pg::transaction(&mut conn, async |conn: &mut AsyncPgConnection| {
            record(conn, &batch, &attempts).await
        })
        .await?;
    }
}

/// The attempts of a batch, with as many bytes as real ones.
fn planned(batch: &DueBatch) -> Vec<Attempt> {
    let ordinals: Vec<u32> = (batch.first_ordinal..batch.first_ordinal + batch.size).collect();
    let attempt = |ordinals: &[u32]| {
        let id = AttemptId::new(&SystemIds);
        let start = i64::from(ordinals[0]) + 1;
        let copy = SignedCopy { node: payer(), bytes: vec![7; COPY_BYTES], hash: [7; 48] };
        Attempt {
            id,
            ordinals: ordinals.to_vec(),
            units: UNITS * u128::try_from(ordinals.len()).unwrap_or_default(),
            tries: Tries::default(),
            transaction: TransactionId::new(payer(), start),
            window_end_ns: start + 1,
            copies: vec![copy.clone(), copy],
            send_begins: 1,
        }
    };
    ordinals.chunks(RECIPIENTS_MAX).map(attempt).collect()
}

async fn intend(conn: &mut AsyncPgConnection, batch: &DueBatch, planned: &[Attempt]) -> Result<(), Refused> {
    let count = u32::try_from(planned.len()).unwrap_or(u32::MAX);
    let units = planned.iter().map(|attempt| attempt.units).sum();
    let counted = Planned { payouts: batch.size, units, attempts: count, retries: 0 };
    let of_batch: Vec<_> = planned.iter().map(|attempt| (batch, attempt)).collect();
    attempts::insert(conn, batch.run, &of_batch).await?;
    attempts::insert_live(conn, batch.run, &planned.iter().collect::<Vec<_>>()).await?;
    Ok(claims::take(conn, batch, LEASE, counted).await?)
}

async fn record(conn: &mut AsyncPgConnection, batch: &DueBatch, planned: &[Attempt]) -> Result<(), Refused> {
    let settled = |attempt: &Attempt| Decision {
        attempt: attempt.id,
        proof: Proof::Receipt,
        ending: Ending::Settled { consensus_ns: None },
    };
    let decisions: Vec<Decision> = planned.iter().map(settled).collect();
    let effect = |attempt: &Attempt| (attempt.id, attempt.transaction.to_string(), None);
    let effects: Vec<_> = planned.iter().map(effect).collect();
    decisions::decide(conn, batch.run, batch.number, &decisions).await?;
    decisions::record_effects(conn, batch.run, &effects).await?;
    let release = Recount::Release { number: batch.number, poll: Duration::ZERO };
    Ok(batches::recount(conn, batch.run, release).await?)
}

/// The database refused a statement.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Store(#[from] execution::store::StoreError),
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
}

impl From<Refused> for CommandError {
    fn from(error: Refused) -> Self {
        failed(error)
    }
}

fn failed(error: impl std::error::Error) -> CommandError {
    CommandError::Unexpected(format!("the protocol's rows: {error}"))
}
