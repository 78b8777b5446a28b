//! One execution service with a sandbox of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use auth::Actor;
use auth::internal::ServiceKeys;
use execution::{Config, MIGRATIONS, Node, Tuning};
use ids::{DistributionId, IdSource as _, PayoutId, RunId, SystemIds};
use pg::DbConfig;
use pg::testing::TestDb;
use proto::execution::v1 as pb;
use proto::execution::v1::execution_service_client::ExecutionServiceClient;
use proto::execution::v1::funding_account_service_client::FundingAccountServiceClient;
use proto::r#type::v1::{Recipient, recipient};
use serde_json::json;
use service_kit::client::Peer;
use service_kit::clock::SystemClock;
use service_kit::idempotency::IdempotencyKey;
use service_kit::{Shutdown, StartError};
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::control::Control;

/// Longest time a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
const DEADLINE: Duration = Duration::from_mins(1);

/// The service, the sandbox, and what is needed to talk to both.
pub(crate) struct Bench {
    pub(crate) sandbox: sandbox::Sandbox,
    pub(crate) control: Control,
    pub(crate) funding: String,
    pub(crate) asset: String,
    pub(crate) token: String,
    pub(crate) db_url: String,
    owner_url: String,
    peer: Peer,
    shutdown: Shutdown,
    pub(crate) dir: tempfile::TempDir,
    config: Config,
    running: JoinHandle<Result<(), StartError>>,
}

/// Windows as short as the network allows, so that what must be waited for comes soon.
pub(crate) fn quick() -> Tuning {
    Tuning {
        valid_duration_s: 15,
        clock_skew_s: 0,
        absence_margin_s: 1,
        sweep_window_s: 15,
        doubt_after_s: 2,
        receipt_patience_ms: 1_000,
        poll_ms: 250,
        node_deadline_ms: 500,
        idle_ms: 20,
        transactions_per_second: 0,
        ..Tuning::default()
    }
}

/// Windows that stay open for as long as a test takes.
pub(crate) fn long_windows() -> Tuning {
    Tuning { valid_duration_s: 180, sweep_window_s: 180, ..quick() }
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::with(quick()).await
    }

    pub(crate) async fn with(tuning: Tuning) -> Self {
        Self::on(TestDb::create("execution", MIGRATIONS).await, tuning).await
    }

    /// On a database of the test's own.
    pub(crate) async fn on(db: DbConfig, tuning: Tuning) -> Self {
        service_kit::telemetry::init(service_kit::telemetry::Format::Text);
        let dir = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(sandbox::Config::default()).await.unwrap();
        let network = sandbox.network().clone();
        auth::keys::generate(dir.path(), &["execution", "asset", "distribution", "gateway"]).unwrap();
        std::fs::write(dir.path().join("operator.key"), &network.operator.private_key).unwrap();
        let (db_url, owner_url) = (db.url.clone(), db.owner_url.clone());
        let nodes = network
            .nodes
            .iter()
            .map(|node| Node {
                account: node.account_id.to_string().parse().unwrap(),
                url: format!("http://{}", node.address),
            })
            .collect();
        let config = Config {
            db,
            keys_dir: dir.path().to_owned(),
            network: money::Network::Sandbox,
            nodes,
            mirror_url: network.mirror.url.clone(),
            funding_keys_dir: dir.path().to_owned(),
            tuning,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        };
        let shutdown = Shutdown::new();
        let (peer, running) = serve(&config, &shutdown).await;
        let control = Control::new(&network.control_url);
        let token = network.payment_token_id.unwrap().to_string();
        let asset = format!("hedera:sandbox/token:{token}");
        let operator = network.operator.account_id.to_string();
        let mut bench = Self {
            sandbox,
            control,
            funding: String::new(),
            asset,
            token,
            db_url,
            owner_url,
            peer,
            shutdown,
            dir,
            config,
            running,
        };
        bench.funding = bench.create_funding_account("main", &operator, "operator", "main").await.unwrap().id;
        bench
    }

    /// Ends all connections of the service to its database and lets it make no new one.
    pub(crate) async fn cut_database(&self) {
        let connect = async |url: &str| {
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        };
        let (app, owner) = (connect(&self.db_url).await, connect(&self.owner_url).await);
        let row = app.query_one("SELECT current_database()::text, current_user::text", &[]).await.unwrap();
        let (database, role): (String, String) = (row.get(0), row.get(1));
        owner.batch_execute(&format!("REVOKE CONNECT ON DATABASE \"{database}\" FROM {role}")).await.unwrap();
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()";
        app.execute(others, &[]).await.unwrap();
    }

    /// Ends the service where it stands: nothing is drained and nothing written down.
    pub(crate) async fn kill(&mut self) {
        self.running.abort();
        let _ = (&mut self.running).await;
    }

    /// Kills the service and starts it again as it is set up now.
    pub(crate) async fn restart(&mut self) {
        self.kill().await;
        self.serve(self.config.db.clone()).await;
    }

    /// Starts the service again, with another way to the mirror node.
    pub(crate) async fn ask_mirror_at(&mut self, url: &str) {
        url.clone_into(&mut self.config.mirror_url);
        self.restart().await;
    }

    /// Starts the service again, on this database.
    pub(crate) async fn serve(&mut self, db: DbConfig) {
        self.db_url.clone_from(&db.url);
        self.config.db = db;
        (self.peer, self.running) = serve(&self.config, &self.shutdown).await;
    }

    /// The same, told that the database is a copy of this time that was put back.
    pub(crate) async fn serve_restored(&mut self, db: DbConfig, since: jiff::Timestamp) {
        self.config.tuning.restored_since = Some(since);
        self.serve(db).await;
    }

    pub(crate) fn client(&self) -> ExecutionServiceClient<Channel> {
        ExecutionServiceClient::new(self.peer.channel())
    }

    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        self.peer.request(message, &Actor::service("distribution"), DEADLINE)
    }

    /// A read by somebody.
    pub(crate) fn request_by<T>(&self, message: T, actor: &Actor) -> Request<T> {
        self.peer.request(message, actor, DEADLINE)
    }

    pub(crate) fn as_user<T>(&self, message: T, subject: &str, key: &str) -> Request<T> {
        let actor = Actor::user(
            subject,
            auth::RoleSet::from([auth::Role::Admin, auth::Role::Pauser, auth::Role::Transferer]),
            "distribution",
        );
        self.peer.request_once(message, &actor, DEADLINE, &IdempotencyKey::new(key).unwrap())
    }

    pub(crate) fn channel(&self) -> Channel {
        self.peer.channel()
    }

    pub(crate) async fn create_funding_account(
        &self,
        label: &str,
        account: &str,
        key_reference: &str,
        idempotency_key: &str,
    ) -> Result<pb::FundingAccount, Status> {
        let message = pb::CreateFundingAccountRequest {
            label: label.to_owned(),
            account: account.to_owned(),
            key_reference: key_reference.to_owned(),
            ..Default::default()
        };
        let mut client = FundingAccountServiceClient::new(self.channel());
        let answer = client.create_funding_account(self.as_user(message, "alice", idempotency_key)).await?;
        Ok(answer.into_inner().funding_account.unwrap())
    }

    /// A funding account that has nothing and pays its own fees, with its account; the operator's key is its own.
    pub(crate) async fn poor_account(&self) -> (String, pb::FundingAccount) {
        let operator = self.sandbox.network().operator.account_id.to_string();
        let key = self.control.get(&format!("/v1/accounts/{operator}")).await["key"].clone();
        let made = self.control.post("/v1/accounts", json!({"key": key, "tinybars": 0})).await;
        let account = made["account_id"].as_str().unwrap().to_owned();
        let path = format!("/v1/tokens/{}/accounts/{account}", self.token);
        self.control.put(&path, json!({"associated": true})).await;
        let funding = self.create_funding_account("poor", &account, "operator", "poor").await.unwrap();
        (account, funding)
    }

    /// A header that fits `payees`.
    pub(crate) fn header(&self, payees: &[(u64, u64)]) -> pb::RunHeader {
        let run = RunId::new(&SystemIds);
        let mut root = entitlements::RootBuilder::new();
        for (ordinal, (account, units)) in (0..).zip(payees) {
            let leaf = entitlements::Leaf {
                run: *run.as_uuid().as_bytes(),
                ordinal,
                payee_key: &account.to_be_bytes(),
                units: u128::from(*units),
                asset: &self.asset,
            };
            root.push(&leaf).unwrap();
        }
        pb::RunHeader {
            run_id: run.to_string(),
            distribution_id: DistributionId::from_uuid(SystemIds.uuid()).to_string(),
            funding_account_id: self.funding.clone(),
            asset: self.asset.clone(),
            decimals: 6,
            count: u32::try_from(payees.len()).unwrap(),
            total_units: payees.iter().map(|(_, units)| u128::from(*units)).sum::<u128>().to_string(),
            entitlement_root: root.finish().to_vec(),
            retry_policy: Some(pb::RetryPolicy {
                max_attempts: 5,
                base: Some(prost_types::Duration { seconds: 0, nanos: 50_000_000 }),
                cap: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    /// Hands a run over, as `payees` whatever the header says.
    pub(crate) async fn start_run(
        &self,
        header: &pb::RunHeader,
        payees: &[(u64, u64)],
    ) -> Result<pb::Run, Status> {
        let all: Vec<pb::Instruction> =
            (0..).zip(payees).map(|(ordinal, payee)| instruction(ordinal, *payee)).collect();
        self.hand_over(header, &all).await
    }

    /// A header that fits `payees` and supersedes payouts of the run `old`.
    pub(crate) fn successor(&self, old: &str, payees: &[(u64, u64)]) -> pb::RunHeader {
        pb::RunHeader { supersedes_run_id: old.to_owned(), ..self.header(payees) }
    }

    /// Hands over a run whose payees replace these ordinals of the run that the header names, one each.
    pub(crate) async fn supersede(
        &self,
        header: &pb::RunHeader,
        payees: &[(u64, u64)],
        ordinals: &[u32],
    ) -> Result<pb::Run, Status> {
        let named = (0..).zip(payees).zip(ordinals);
        let all: Vec<pb::Instruction> = named
            .map(|((ordinal, payee), old)| pb::Instruction {
                supersedes: Some(*old),
                ..instruction(ordinal, *payee)
            })
            .collect();
        self.hand_over(header, &all).await
    }

    async fn hand_over(&self, header: &pb::RunHeader, all: &[pb::Instruction]) -> Result<pb::Run, Status> {
        let mut parts = vec![pb::start_run_request::Part::Header(header.clone())];
        parts.extend(all.chunks(1000).map(|chunk| {
            pb::start_run_request::Part::Instructions(pb::InstructionChunk { instructions: chunk.to_vec() })
        }));
        let messages = parts.into_iter().map(|part| pb::StartRunRequest { part: Some(part) });
        let stream = tokio_stream::iter(messages.collect::<Vec<_>>());
        Ok(self.client().start_run(self.request(stream)).await?.into_inner().run.unwrap())
    }

    /// Tries all again that failed, and resumes.
    pub(crate) async fn retry(&self, id: &str) -> Result<u64, Status> {
        let message = pb::RetryRunRequest { run_id: id.to_owned() };
        Ok(self.client().retry_run(self.request(message)).await?.into_inner().retried)
    }

    /// Tries the payouts at these ordinals again.
    pub(crate) async fn retry_payouts(
        &self,
        id: &str,
        ordinals: &[u32],
        key: &str,
    ) -> Result<pb::RetryPayoutsResponse, Status> {
        let run: RunId = id.parse().unwrap();
        let payout_ids = ordinals.iter().map(|ordinal| PayoutId { run, ordinal: *ordinal }.to_string());
        let message = pb::RetryPayoutsRequest { run_id: id.to_owned(), payout_ids: payout_ids.collect() };
        let request = self.as_user(message, "alice", key);
        Ok(self.client().retry_payouts(request).await?.into_inner())
    }

    /// Cancels a run, and waits until nothing of it is in flight.
    pub(crate) async fn cancel(&self, id: &str) -> pb::Run {
        self.begin_cancel(id).await;
        self.wait_end(id).await
    }

    /// Cancels a run; what is in flight may still be.
    pub(crate) async fn begin_cancel(&self, id: &str) {
        let message = pb::CancelRunRequest { run_id: id.to_owned(), reason: "a test".to_owned() };
        self.client().cancel_run(self.request(message)).await.unwrap();
    }

    /// How each payout of a run stands.
    pub(crate) async fn standing(&self, id: &str) -> Vec<pb::PayoutStatus> {
        self.payouts(id).await.iter().map(pb::Payout::status).collect()
    }

    pub(crate) async fn run(&self, id: &str) -> pb::Run {
        let message = pb::GetRunRequest { run_id: id.to_owned() };
        self.client().get_run(self.request(message)).await.unwrap().into_inner().run.unwrap()
    }

    /// Waits until `seen` holds of the run.
    pub(crate) async fn wait(&self, id: &str, what: &str, seen: impl Fn(&pb::Run) -> bool) -> pb::Run {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let run = self.run(id).await;
            if seen(&run) {
                return run;
            }
            assert!(tokio::time::Instant::now() < until, "no {what} in time: {run:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn wait_end(&self, id: &str) -> pb::Run {
        self.wait(id, "end", |run| {
            matches!(run.state(), pb::RunState::Completed | pb::RunState::Failed | pb::RunState::Cancelled)
        })
        .await
    }

    pub(crate) async fn payouts(&self, id: &str) -> Vec<pb::Payout> {
        let message = pb::StreamPayoutsRequest { run_id: id.to_owned() };
        let mut stream = self.client().stream_payouts(self.request(message)).await.unwrap().into_inner();
        let mut all = Vec::new();
        while let Some(chunk) = stream.message().await.unwrap() {
            all.extend(chunk.payouts);
        }
        all
    }

    pub(crate) async fn payout(&self, id: &str) -> pb::GetPayoutResponse {
        let message = pb::GetPayoutRequest { payout_id: id.to_owned() };
        self.client().get_payout(self.request(message)).await.unwrap().into_inner()
    }

    /// Asserts that the sandbox's ledger shows exactly what our record says: each paid payout once, nothing else.
    pub(crate) async fn assert_exactly_once(&self, id: &str) {
        self.assert_all_exactly_once(&[id]).await;
    }

    /// The same, of these runs together: nobody is paid by two of them.
    pub(crate) async fn assert_all_exactly_once(&self, ids: &[&str]) {
        let effects = self.control.effects(&self.token).await;
        let mut payouts = Vec::new();
        for id in ids {
            self.assert_tallies_add_up(id).await;
            payouts.extend(self.payouts(id).await);
        }
        let mut expected: BTreeMap<(String, String), u64> = BTreeMap::new();
        for payout in payouts.iter().filter(|payout| payout.status() == pb::PayoutStatus::Paid) {
            let account = account(payout);
            let units = payout.amount.as_ref().unwrap().units.parse().unwrap();
            let twice = expected.insert((payout.transaction_id.clone(), account), units);
            assert!(twice.is_none(), "one transaction pays one account twice");
        }
        let mut seen = BTreeMap::new();
        for effect in effects {
            let twice = seen.insert((effect.transaction_id, effect.account.clone()), effect.units);
            assert!(twice.is_none(), "the ledger lists an effect twice");
        }
        assert_eq!(seen, expected, "ledger (left) and record (right) differ");
        let mut accounts: Vec<&String> = seen.keys().map(|(_, account)| account).collect();
        accounts.sort();
        accounts.dedup();
        assert_eq!(accounts.len(), seen.len(), "somebody was paid twice");
    }
}

impl Bench {
    /// Asserts that a run's tallies make up the run, and count what its payouts say.
    pub(crate) async fn assert_tallies_add_up(&self, id: &str) {
        let (run, standing) = (self.run(id).await, self.standing(id).await);
        let progress = run.progress.unwrap();
        let of = |tally: &Option<pb::Tally>| tally.as_ref().unwrap().payouts;
        let tallies = [
            (pb::PayoutStatus::Pending, of(&progress.pending)),
            (pb::PayoutStatus::Processing, of(&progress.processing)),
            (pb::PayoutStatus::InDoubt, of(&progress.in_doubt)),
            (pb::PayoutStatus::Paid, of(&progress.paid)),
            (pb::PayoutStatus::Failed, of(&progress.failed)),
            (pb::PayoutStatus::Cancelled, of(&progress.cancelled)),
            (pb::PayoutStatus::Superseded, of(&progress.superseded)),
        ];
        assert_eq!(tallies.iter().map(|(_, count)| count).sum::<u64>(), u64::from(run.count), "{tallies:?}");
        for (status, count) in tallies {
            let counted = standing.iter().filter(|stands| **stands == status).count();
            assert_eq!(count, counted as u64, "{status:?}");
        }
    }
}

async fn serve(config: &Config, shutdown: &Shutdown) -> (Peer, JoinHandle<Result<(), StartError>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let running = tokio::spawn(execution::run(config.clone(), listener, shutdown.clone()));
    let keys = ServiceKeys::load(&config.keys_dir, "distribution", &[]).unwrap();
    (Peer::new(&address, "execution", keys.issuer()).unwrap(), running)
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

pub(crate) fn instruction(ordinal: u32, (account, units): (u64, u64)) -> pb::Instruction {
    let kind = Some(recipient::Kind::HederaAccount(format!("0.0.{account}")));
    let recipient = Some(Recipient { kind });
    pb::Instruction { ordinal, recipient, units: units.to_string(), supersedes: None }
}

pub(crate) fn account(payout: &pb::Payout) -> String {
    let Some(recipient::Kind::HederaAccount(account)) = payout.recipient.as_ref().unwrap().kind.clone()
    else {
        panic!("a payout without recipient")
    };
    account
}

/// The reason in the error's details.
pub(crate) fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// Waits until `seen` holds.
pub(crate) async fn until(what: &str, seen: impl AsyncFn() -> bool) {
    let patience = tokio::time::Instant::now() + PATIENCE;
    while !seen().await {
        assert!(tokio::time::Instant::now() < patience, "no {what} in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
