//! Reruns of files of payees beside files that name the same references: whoever is unpaid is paid by one of them.

use std::time::Duration;

use diesel::sql_query;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use ids::DistributionId;
use proto::distribution::v1 as pb;
use proto::execution::v1::RunState;
use tonic::Code;

use crate::ingest::{csv, good};
use crate::stage::{Stage, reason};

use pb::DistributionState::{Cancelled, Completed, Failed, Upcoming};

/// The lines of `good`, each in a file of its own, with accounts of their own.
const AGAIN: [&str; 3] =
    ["INV-1,0.0.1101,1.5,0.0.7000,", "INV-2,0.0.1102,2,0.0.7000,", "INV-3,0.0.1103,1,0.0.7000,"];

impl Stage {
    /// A file whose last `failed` payees of three are unpaid.
    async fn failed_file(&self, failed: u64) -> pb::Distribution {
        self.rich();
        (self.world.facts().run_state, self.world.facts().failed) = (RunState::Failed, failed);
        let file = self.ingest("file", &good()).await.expect("ingested");
        self.until(&file.distribution_id, Upcoming).await;
        self.execute("file", &file.distribution_id).await.expect("executed");
        self.until(&file.distribution_id, Failed).await
    }

    /// A distribution of those of a file's payees who are unpaid and have these accounts; of all when none is named.
    async fn rerun_file(&self, key: &str, file: &pb::Distribution, accounts: &[&str]) -> pb::Distribution {
        let request = pb::RerunDistributionRequest {
            distribution_id: file.id.clone(),
            accounts: accounts.iter().map(|account| (*account).to_owned()).collect(),
            ..Default::default()
        };
        let new = self.rerun(key, request).await.expect("created");
        self.until(&new.id, Upcoming).await
    }

    /// Tries a failed file again, as a run of which the places `paid` are paid when somebody cancels it.
    async fn retry_file(&self, file: &pb::Distribution, paid: &[u32]) {
        {
            let mut facts = self.world.facts();
            (facts.run_state, facts.failed) = (RunState::Running, 0);
            facts.paid_when_cancelled = paid.iter().copied().collect();
        }
        self.retry("retry", &file.id).await.expect("again");
        for _ in 0..600 {
            if self.world.facts().runs[&file.run_id].state == RunState::Running {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not run");
    }

    /// Tries a failed file again and cancels it while it runs.
    async fn retry_and_cancel(&self, file: &pb::Distribution, paid: &[u32]) {
        self.retry_file(file, paid).await;
        self.cancel("file", &file.id).await.expect("cancelled");
        self.until(&file.id, Cancelled).await;
        self.world.facts().run_state = RunState::Completed;
    }

    /// Which of the references can come in another file now; they are taken by it then.
    async fn free(&self, key: &str) -> Vec<usize> {
        let mut free = Vec::new();
        for (place, line) in AGAIN.iter().enumerate() {
            // The note makes it another file each time.
            let bytes = csv(&[&format!("{line}{key}")]);
            let file = self.ingest(&format!("{key}{place}"), &bytes).await.expect("an answer");
            if file.state() == pb::IngestFileState::Accepted {
                free.push(place + 1);
            } else {
                assert_eq!(self.errors(&file).await, [(2, 1, "REFERENCE_ALREADY_ACCEPTED".to_owned())]);
            }
        }
        free
    }

    /// Until so many wait for a lock in the database.
    async fn until_waiting(&self, waiting: i64) {
        // Here, because everything has an `execute` with it.
        use diesel_async::RunQueryDsl as _;

        #[derive(diesel::QueryableByName)]
        struct Waiting {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let mut conn = AsyncPgConnection::establish(&self.db.owner_url).await.expect("a connection");
        for _ in 0..500 {
            let sql = "SELECT count(DISTINCT pid) AS count FROM pg_locks WHERE NOT granted";
            let found: Waiting = sql_query(sql).get_result(&mut conn).await.expect("read");
            if found.count >= waiting {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nobody waits");
    }

    /// A connection in a transaction in which a statement was run.
    async fn holding(&self, statement: &str) -> AsyncPgConnection {
        let mut conn = AsyncPgConnection::establish(&self.db.owner_url).await.expect("a connection");
        conn.batch_execute("BEGIN").await.expect("begun");
        conn.batch_execute(statement).await.expect("held");
        conn
    }
}

fn uuid(distribution: &pb::Distribution) -> String {
    distribution.id.parse::<DistributionId>().expect("an id").as_uuid().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_whose_payout_a_rerun_may_still_replace_is_not_given_back_by_a_later_cancel() {
    let stage = Stage::new().await;
    let file = stage.failed_file(2).await;
    let rerun = stage.rerun_file("r", &file, &["0.0.70000"]).await;
    stage.retry_and_cancel(&file, &[0]).await;
    // The second is nobody's any more; the third is the rerun's.
    assert_eq!(stage.free("before").await, [2]);
    stage.world.facts().runs.get_mut(&file.run_id).expect("a run").failed = 2;
    stage.execute("r", &rerun.id).await.expect("executed");
    stage.until(&rerun.id, Completed).await;
    assert_eq!(stage.free("after").await, Vec::<usize>::new());
    let twice = pb::RerunDistributionRequest { distribution_id: file.id.clone(), ..Default::default() };
    let refused = stage.rerun("twice", twice).await.expect_err("it gave back");
    assert_eq!(reason(&refused), "NOTHING_TO_RERUN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_given_back_with_the_last_rerun_that_never_began_and_only_if_it_is_unpaid() {
    let stage = Stage::new().await;
    let file = stage.failed_file(3).await;
    let [first, second] =
        [stage.rerun_file("r1", &file, &[]).await, stage.rerun_file("r2", &file, &["0.0.1002"]).await];
    let third = stage.rerun_file("r3", &file, &["0.0.70000"]).await;
    // Cancelled before the file is: nothing of it is to be given back yet.
    stage.cancel("r3", &third.id).await.expect("cancelled");
    stage.retry_and_cancel(&file, &[0]).await;
    assert_eq!(stage.free("both").await, Vec::<usize>::new());
    stage.cancel("r1", &first.id).await.expect("cancelled");
    assert_eq!(stage.free("one").await, [3]);
    stage.cancel("r2", &second.id).await.expect("cancelled");
    assert_eq!(stage.free("none").await, [2], "the first is paid, and the third has come again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_may_come_again_once_the_rerun_that_kept_all_of_it_is_cancelled() {
    let stage = Stage::new().await;
    let file = stage.failed_file(3).await;
    let rerun = stage.rerun_file("r", &file, &[]).await;
    stage.retry_and_cancel(&file, &[]).await;
    let refused = stage.ingest("again", &good()).await.expect_err("the rerun has it");
    assert_eq!(reason(&refused), "FILE_ALREADY_ACCEPTED");
    stage.world.facts().not_replaceable = true;
    stage.world.facts().runs.get_mut(&file.run_id).expect("a run").failed = 3;
    // Execution refuses it, and buries its run.
    stage.execute("r", &rerun.id).await.expect("executed");
    stage.until(&rerun.id, pb::DistributionState::Paused).await;
    stage.cancel("r", &rerun.id).await.expect("cancelled");
    stage.until(&rerun.id, Cancelled).await;
    assert_eq!(stage.ingest("again", &good()).await.expect("it may").accepted_count, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rerun_took_over_stays_its_own_when_it_is_cancelled_in_its_turn() {
    let stage = Stage::new().await;
    let file = stage.failed_file(2).await;
    let rerun = stage.rerun_file("r", &file, &["0.0.70000"]).await;
    (stage.world.facts().run_state, stage.world.facts().failed) = (RunState::Running, 0);
    stage.execute("r", &rerun.id).await.expect("executed");
    while !stage.world.facts().runs.contains_key(&rerun.run_id) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.cancel("r", &rerun.id).await.expect("cancelled");
    let rerun = stage.until(&rerun.id, Cancelled).await;
    stage.retry_and_cancel(&file, &[0]).await;
    assert_eq!(stage.free("f").await, [2]);
    // It is paid by another rerun, of the rerun.
    stage.world.facts().runs.get_mut(&rerun.run_id).expect("a run").failed = 1;
    stage.world.facts().failed = 0;
    let last = stage.rerun_file("last", &rerun, &[]).await;
    stage.execute("last", &last.id).await.expect("executed");
    stage.until(&last.id, Completed).await;
    assert_eq!(stage.free("g").await, Vec::<usize>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_that_meets_the_end_of_its_file_is_refused() {
    let stage = Stage::new().await;
    let file = stage.failed_file(1).await;
    let id = uuid(&file);
    let lock = format!("SELECT 1 FROM distribution_state WHERE distribution_id = '{id}' FOR UPDATE");
    let mut held = stage.holding(&lock).await;
    let request = pb::RerunDistributionRequest { distribution_id: file.id.clone(), ..Default::default() };
    let rerun = stage.rerun("r", request);
    let ended = async {
        stage.until_waiting(1).await;
        // As the job ends it, when it was retried and cancelled meanwhile.
        let end =
            "UPDATE distribution_state SET state = 'CANCELLED', failure_reason = NULL, failure_class = NULL,
            failure_hint = NULL";
        held.batch_execute(&format!("{end} WHERE distribution_id = '{id}'")).await.expect("ended");
        held.batch_execute("DELETE FROM accepted_reference; COMMIT").await.expect("given back");
    };
    let (refused, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(20), rerun), ended);
    let refused = refused.expect("in time").expect_err("its references were given back");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "NOTHING_TO_RERUN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_that_is_cancelled_while_its_file_ends_leaves_no_reference_behind() {
    let stage = Stage::new().await;
    let file = stage.failed_file(2).await;
    let rerun = stage.rerun_file("r", &file, &["0.0.70000"]).await;
    stage.retry_file(&file, &[0]).await;
    // The file's end has looked for reruns, and waits to delete the reference that none of them names.
    let lock = "SELECT 1 FROM accepted_reference WHERE reference = 'INV-2' FOR KEY SHARE";
    let mut held = stage.holding(lock).await;
    stage.cancel("file", &file.id).await.expect("cancelled");
    stage.until_waiting(1).await;
    let ((), cancelled) = tokio::join!(
        async {
            // Either it waits for the file's end, or it is over.
            let waits = stage.until_waiting(2);
            let _ = tokio::time::timeout(Duration::from_secs(2), waits).await;
            held.batch_execute("COMMIT").await.expect("let go");
        },
        stage.cancel("r", &rerun.id)
    );
    assert_eq!(cancelled.expect("cancelled").state(), Cancelled);
    stage.until(&file.id, Cancelled).await;
    assert_eq!(stage.free("f").await, [2, 3]);
}
