//! One database, one sandbox, the workers' environment, and the judgement.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use auth::internal::{Issuer, ServiceKeys};
use pg::DbConfig;
use pg::testing::TestDb;
use proto::execution::v1 as pb;
use service_kit::client::Peer;
use tokio::time::{Instant, sleep};

use crate::rig::checker::{self, Counted, Evidence, Instruction, Payout, Violation};
use crate::rig::driver::{self, Driver};
use crate::rig::{Ledger, Of, Outcome, Worker, record};

/// Milliseconds of a worker's lease.
pub const LEASE: Duration = Duration::from_millis(2_500);
/// Longest start of a worker on a busy machine.
const START: Duration = Duration::from_secs(40);
const TICK: Duration = Duration::from_millis(40);

/// Windows as short as the network allows, so that what must be waited for comes soon.
const TUNING: [(&str, &str); 12] = [
    ("BURSAR_VALID_DURATION_S", "15"),
    ("BURSAR_CLOCK_SKEW_S", "0"),
    ("BURSAR_ABSENCE_MARGIN_S", "1"),
    ("BURSAR_DOUBT_AFTER_S", "2"),
    ("BURSAR_LEASE_MS", "2500"),
    ("BURSAR_RECEIPT_PATIENCE_MS", "500"),
    ("BURSAR_POLL_MS", "200"),
    ("BURSAR_NODE_DEADLINE_MS", "1000"),
    ("BURSAR_IDLE_MS", "20"),
    ("BURSAR_WORKERS", "2"),
    ("BURSAR_TRANSACTIONS_PER_SECOND", "0"),
    ("BURSAR_DATABASE_CONNECTIONS", "6"),
];

/// One database and one sandbox, shared by workers.
pub struct Rig {
    program: PathBuf,
    db: DbConfig,
    sandbox: sandbox::Sandbox,
    issuer: Arc<Issuer>,
    dir: tempfile::TempDir,
    /// The sandbox's control API.
    pub ledger: Ledger,
    /// The token that is paid.
    pub token: String,
    asset: String,
    operator: String,
}

impl Rig {
    /// A fresh database and network for workers of `program`.
    pub async fn new(program: &Path) -> Outcome<Self> {
        let dir = tempfile::tempdir()?;
        let sandbox = sandbox::start(sandbox::Config::default()).await?;
        let network = sandbox.network().clone();
        auth::keys::generate(dir.path(), &["execution", "asset", "distribution", "gateway"])?;
        std::fs::write(dir.path().join("operator.key"), &network.operator.private_key)?;
        let token = network.payment_token_id.ok_or("the sandbox has a payment token")?.to_string();
        Ok(Self {
            program: program.to_owned(),
            db: TestDb::create("execution", execution::MIGRATIONS).await,
            issuer: ServiceKeys::load(dir.path(), "distribution", &[])?.issuer(),
            ledger: Ledger::new(&network.control_url)?,
            asset: format!("hedera:sandbox/token:{token}"),
            operator: network.operator.account_id.to_string(),
            token,
            sandbox,
            dir,
        })
    }

    /// Starts a worker and waits until it serves. `settings` come on top of the rig's own.
    pub async fn worker(&self, name: &str, settings: &[(&str, &str)]) -> Outcome<Worker> {
        let mut worker = self.start(name, settings)?;
        worker.ready(START).await?;
        Ok(worker)
    }

    /// The same without waiting.
    pub fn start(&self, name: &str, settings: &[(&str, &str)]) -> Outcome<Worker> {
        let network = self.sandbox.network();
        let nodes: Vec<String> =
            network.nodes.iter().map(|node| format!("{}=http://{}", node.account_id, node.address)).collect();
        let folder = self.dir.path().display().to_string();
        let wiring = [
            ("BURSAR_DATABASE_URL", self.db.url.clone()),
            ("BURSAR_DATABASE_OWNER_URL", self.db.owner_url.clone()),
            ("BURSAR_KEYS_DIR", folder.clone()),
            ("BURSAR_FUNDING_KEYS_DIR", folder),
            ("BURSAR_NETWORK", "sandbox".to_owned()),
            ("BURSAR_HEDERA_NODES", nodes.join(",")),
            ("BURSAR_MIRROR_URL", network.mirror.url.clone()),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut environment: Vec<(String, String)> = TUNING.into_iter().map(owned).collect();
        environment.extend(wiring.map(|(name, value)| (name.to_owned(), value)));
        environment.extend(settings.iter().copied().map(owned));
        Worker::start(&self.program, &environment, self.dir.path().join(format!("{name}.log")))
    }

    /// What limits and withdrawals of a run's money are said of.
    pub fn of(&self, header: &pb::RunHeader) -> Of {
        Of { funding: header.funding_account_id.clone(), asset: self.asset.clone() }
    }

    /// The operator's account, which the money comes from.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// Keeps the database as it is now. No worker may be running.
    pub async fn keep(&self) -> DbConfig {
        TestDb::copy("execution", &self.db).await
    }

    /// Puts a kept database back, which has forgotten what came after; workers started from now on are on it.
    pub fn put_back(&mut self, kept: DbConfig) {
        self.db = kept;
    }

    /// Speaks to a worker.
    pub fn driver(&self, worker: &Worker) -> Outcome<Driver> {
        Ok(Driver { peer: Peer::new(&worker.url, "execution", Arc::clone(&self.issuer))? })
    }

    /// Makes the funding account and the header of a run for `payees`.
    pub async fn header(&self, driver: &Driver, payees: &[(u64, u64)]) -> Outcome<pb::RunHeader> {
        let funding = driver.create_funding_account(&self.operator, "operator").await?;
        driver::header(&funding, &self.asset, payees)
    }

    /// Runs statements as the owner of the database.
    pub async fn sql(&self, statements: &str) -> Outcome<()> {
        let (client, connection) = tokio_postgres::connect(&self.db.owner_url, tokio_postgres::NoTls).await?;
        let closing = tokio::spawn(connection);
        client.batch_execute(statements).await?;
        drop(client);
        Ok(closing.await??)
    }

    /// How often leases have been taken so far: it grows when a worker takes a batch over.
    pub async fn leases(&self) -> Outcome<i64> {
        self.number("SELECT coalesce(sum(lease_epoch), 0)::bigint FROM batch").await
    }

    /// Whether a worker waits for what another has locked.
    pub async fn somebody_waits_for_a_lock(&self) -> Outcome<bool> {
        // Waiting for a row is waiting for the transaction that wrote it, which belongs to no database: so by session.
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
            AND cardinality(pg_blocking_pids(pid)) > 0";
        Ok(self.number(waiting).await? > 0)
    }

    async fn number(&self, query: &str) -> Outcome<i64> {
        let (client, connection) = tokio_postgres::connect(&self.db.owner_url, tokio_postgres::NoTls).await?;
        let closing = tokio::spawn(connection);
        let row = client.query_one(query, &[]).await?;
        drop(client);
        closing.await??;
        Ok(row.get(0))
    }

    /// Waits until the run is as wanted; its last state when it was not in time.
    pub async fn wait(
        &self,
        driver: &Driver,
        run: &str,
        patience: Duration,
        seen: impl Fn(&pb::Run) -> bool,
    ) -> Outcome<Result<pb::Run, pb::Run>> {
        let until = Instant::now() + patience;
        loop {
            let state = driver.run(run).await?;
            if seen(&state) {
                return Ok(Ok(state));
            }
            if Instant::now() > until {
                return Ok(Err(state));
            }
            sleep(TICK).await;
        }
    }

    /// What the ledger says of the run.
    pub async fn judge(&self, driver: &Driver, run: &str, payees: &[(u64, u64)]) -> Outcome<Vec<Violation>> {
        self.judge_all(driver, &[(run, payees)]).await
    }

    /// What the ledger says of runs together, one list after another; no account is in two of them.
    pub async fn judge_all(
        &self,
        driver: &Driver,
        runs: &[(&str, &[(u64, u64)])],
    ) -> Outcome<Vec<Violation>> {
        let mut evidence = Evidence {
            counted: Some(Counted::default()),
            ledger: self.ledger.entries(&self.token).await?,
            funding: self.operator.clone(),
            ..Evidence::default()
        };
        for (run, payees) in runs {
            let first = u32::try_from(evidence.instructions.len())?;
            evidence.instructions.extend(payees.iter().map(|(account, units)| Instruction {
                account: format!("0.0.{account}"),
                units: u128::from(*units),
            }));
            for one in driver.payouts(run).await? {
                let one = record::payout(&one)?;
                evidence.payouts.push(Payout { ordinal: first + one.ordinal, ..one });
            }
            // A service that cannot say it is the judge's business, not the end of his work.
            let more = driver.run(run).await.ok().and_then(|run| record::counted(&run).ok());
            evidence.counted = evidence.counted.zip(more).map(|(sum, more)| sum.plus(more));
        }
        Ok(checker::judge(&evidence))
    }
}
