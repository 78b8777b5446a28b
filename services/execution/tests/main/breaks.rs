//! Breaks: the network shows a payment that the record excludes. It is never forgotten, and nothing is paid again for it.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use execution::Tuning;
use proto::execution::v1 as pb;
use proto::r#type::v1::FailureClass;
use serde_json::json;

use crate::alerts::alerts;
use crate::doubt::{all_doubtful, doubtful, say};
use crate::gate::Gate;
use crate::restorable::{Back, Restorable};
use crate::support::{Bench, quick, reason, until};
use crate::sweep::{pay_as_before, wait_swept};
use crate::{limits, pause};

/// What asks a mirror node for a transaction by its id, and what for all of a payer's.
const BY_ID: &str = "/transactions/";
const ALL_OF_PAYER: &str = "/transactions?";

/// Batches of two payees, each paid by its one attempt, in doubts one of which a worker is about to end: its question is on
/// the way.
struct Doubt {
    bench: Bench,
    gate: Gate,
    run: String,
    attempts: Vec<pb::Attempt>,
}

impl Doubt {
    async fn start() -> Self {
        Self::of(1, BY_ID).await
    }

    async fn of(batches: usize, question: &'static str) -> Self {
        let mut bench = Bench::start().await;
        let gate = Gate::before(&bench.sandbox.network().mirror.url).await;
        bench.ask_mirror_at(&gate.url).await;
        limits::set(&bench, "day", [0, 0, 1_000]).await.unwrap();
        let (run, attempts) = all_doubtful(&bench, "lost_after", batches, 1).await;
        gate.close(question);
        gate.holds(1).await;
        bench.control.clear_faults().await;
        Self { bench, gate, run, attempts }
    }

    /// Two people who are misled say that nothing was paid.
    async fn call_unpaid(&self) {
        for attempt in &self.attempts {
            for who in ["alice", "bob"] {
                say(&self.bench, attempt, who, pb::DoubtOutcome::Unpaid).await.unwrap();
            }
        }
    }

    /// Another worker gets the batch: the one that has it was silent for too long.
    async fn lose_lease(&self) {
        let sql = "UPDATE batch SET lease_epoch = lease_epoch + 1, lease_until = clock_timestamp()";
        connect(&self.bench).await.batch_execute(sql).await.unwrap();
    }

    async fn standing(&self) -> [pb::PayoutStatus; 2] {
        self.bench.standing(&self.run).await.try_into().unwrap()
    }

    /// The attempts of the first payout, oldest first.
    async fn attempts(&self) -> Vec<pb::Attempt> {
        self.bench.payout(&self.bench.payouts(&self.run).await[0].id).await.attempts
    }
}

/// Waits for the alert of a break, which is open.
async fn is_broken(bench: &Bench, run: &str) {
    let broken = |alert: &pb::Alert| alert.failure.as_ref().unwrap().reason == "BREAK";
    until("alert of a break", async || alerts(bench, run, false).await.iter().any(broken)).await;
    let open = alerts(bench, run, false).await.into_iter().find(broken).unwrap();
    assert_eq!(open.failure.unwrap().class(), FailureClass::Bug);
}

async fn connect(bench: &Bench) -> AsyncPgConnection {
    AsyncPgConnection::establish(&bench.db_url).await.unwrap()
}

/// How many rows `from` has.
async fn rows(bench: &Bench, from: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let sql = format!("SELECT count(*) AS rows FROM {from}");
    let count: Count = diesel::sql_query(sql).get_result(&mut connect(bench).await).await.unwrap();
    count.rows
}

/// Notes that the network has shown an effect of each attempt in `state`.
async fn see_effects(bench: &Bench, state: i16) {
    let sql = format!(
        "INSERT INTO rail_effect (rail, effect_id, leg, run_id, attempt_id) \
         SELECT 'hedera', attempt_id::text, 0, run_id, attempt_id FROM attempt WHERE state = {state}"
    );
    connect(bench).await.batch_execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_people_called_unpaid_is_paid_once_its_effect_is_seen_and_no_retry_pays_it_again() {
    let doubt = Doubt::start().await;
    let Doubt { bench, gate, run, .. } = &doubt;
    doubt.call_unpaid().await;
    assert_eq!(doubt.standing().await, [pb::PayoutStatus::Pending; 2]);
    assert_eq!(limits::taken(bench).await, 0);
    gate.open();
    is_broken(bench, run).await;
    // Whether there is something left to let go on depends on who is faster.
    let _retried = bench.retry(run).await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(run).await;
    let [attempt] = doubt.attempts().await.try_into().unwrap();
    assert_eq!(attempt.state(), pb::AttemptState::Settled);
    assert!(attempt.evidence.iter().any(|seen| seen.kind == "BREAK"), "{attempt:#?}");
    assert_eq!(limits::taken(bench).await, 15, "what was paid counts");
    assert_eq!(rows(bench, "break WHERE reason = 'EFFECT_OF_DEAD_ATTEMPT'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_that_is_found_where_its_absence_is_looked_for_counts_at_once() {
    let doubt = Doubt::of(1, ALL_OF_PAYER).await;
    let Doubt { bench, gate, run, .. } = &doubt;
    let away = json!({"kind": "mirror_error", "http_status": 503, "path_contains": BY_ID});
    bench.control.post("/v1/faults", away).await;
    // A later transaction of the payer's shows that the mirror node is current.
    pay_as_before(bench, bench.control.accounts(1).await[0]).await;
    doubt.call_unpaid().await;
    gate.open();
    is_broken(bench, run).await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_halts_what_is_left_of_its_run() {
    let doubt = Doubt::of(2, BY_ID).await;
    let Doubt { bench, gate, run, .. } = &doubt;
    doubt.call_unpaid().await;
    gate.open();
    is_broken(bench, run).await;
    let halted = bench.run(run).await;
    assert_eq!((halted.state(), halted.halt.unwrap().reason.as_str()), (pb::RunState::Halted, "BREAK"));
    // Who was called unpaid beside them waits until somebody has looked.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stand =
        |status| async move { bench.standing(run).await.into_iter().filter(|is| *is == status).count() };
    assert_eq!((stand(pb::PayoutStatus::Paid).await, stand(pb::PayoutStatus::Pending).await), (2, 2));
    assert_eq!(bench.control.effects(&bench.token).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_in_a_run_that_is_cancelled_alerts_and_no_rerun_pays_again() {
    let doubt = Doubt::start().await;
    let Doubt { bench, gate, run, .. } = &doubt;
    bench.begin_cancel(run).await;
    doubt.call_unpaid().await;
    assert_eq!(doubt.standing().await, [pb::PayoutStatus::Cancelled; 2]);
    gate.open();
    is_broken(bench, run).await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Cancelled);
    assert_eq!(doubt.standing().await, [pb::PayoutStatus::Paid; 2]);
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(7..).collect();
    let refused = bench.supersede(&bench.successor(run, &payees), &payees, &[0, 1]).await.unwrap_err();
    assert_eq!(reason(&refused), "PREDECESSOR_NOT_REPLACEABLE");
    bench.assert_exactly_once(run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_that_a_worker_without_its_lease_saw_is_recorded_though_its_payouts_went_on() {
    let doubt = Doubt::start().await;
    let Doubt { bench, gate, run, .. } = &doubt;
    doubt.call_unpaid().await;
    doubt.lose_lease().await;
    // Another worker takes the batch, and does what two people said.
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    assert_eq!(rows(bench, "rail_effect").await, 1);
    gate.open();
    is_broken(bench, run).await;
    assert_eq!((rows(bench, "rail_effect").await, rows(bench, "break").await), (2, 1));
    assert_eq!(bench.control.effects(&bench.token).await.len(), 4, "what they were led to do is done");
    let states: Vec<_> = doubt.attempts().await.iter().map(pb::Attempt::state).collect();
    assert_eq!(states, [pb::AttemptState::Dead, pb::AttemptState::Settled]);
    bench.assert_tallies_add_up(run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_that_a_worker_without_its_lease_saw_settles_what_has_not_gone_on() {
    let doubt = Doubt::start().await;
    let Doubt { bench, gate, run, .. } = &doubt;
    // Paused, so that what is called unpaid waits.
    pause::pause(bench, pause::of_run(run), "stop").await.unwrap();
    doubt.lose_lease().await;
    gate.holds(2).await;
    doubt.call_unpaid().await;
    gate.open();
    is_broken(bench, run).await;
    pause::resume(bench, pb::resume_request::Scope::RunId(run.clone()), "go").await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(run).await;
    assert_eq!((rows(bench, "rail_effect").await, rows(bench, "break").await), (1, 1));
    assert_eq!(limits::taken(bench).await, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn payouts_that_went_on_leave_those_that_did_not_paid_by_the_attempt_whose_effect_is_seen() {
    let doubt = Doubt::start().await;
    let Doubt { bench, gate, run, .. } = &doubt;
    bench.begin_cancel(run).await;
    doubt.call_unpaid().await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Cancelled);
    // One of the two is replaced by a payout of another run before the effect is seen.
    let payees = vec![(bench.control.accounts(1).await[0], 9)];
    let header = bench.successor(run, &payees);
    bench.supersede(&header, &payees, &[1]).await.unwrap();
    gate.open();
    is_broken(bench, run).await;
    assert_eq!(doubt.standing().await, [pb::PayoutStatus::Paid, pb::PayoutStatus::Superseded]);
    bench.assert_tallies_add_up(run).await;
    let tallied = bench.run(run).await.progress.unwrap().paid.unwrap();
    assert_eq!((tallied.payouts, tallied.units.as_str()), (1, "7"));
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_chosen_to_go_again_and_has_not_begun_stays_when_its_effect_is_seen() {
    let doubt = Doubt::start().await;
    let Doubt { bench, gate, run, .. } = &doubt;
    doubt.call_unpaid().await;
    // As where they are not tried again by themselves; nobody takes the batch while the worker has it.
    connect(bench).await.batch_execute("UPDATE attempt SET next_at = NULL").await.unwrap();
    bench.retry_payouts(run, &[0], "chosen").await.unwrap();
    assert_eq!(rows(bench, "chosen_payout WHERE next_at IS NOT NULL").await, 1);
    gate.open();
    is_broken(bench, run).await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(run).await;
    assert_eq!(rows(bench, "chosen_payout WHERE next_at IS NOT NULL").await, 0);
    assert_eq!(rows(bench, "attempt WHERE parted = '{}' AND parted_units = 0").await, 1);
}

/// Waits until somebody waits for a lock in the database.
async fn is_waiting(bench: &Bench) {
    let waiting = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("wait for a lock", async || rows(bench, waiting).await > 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_waits_for_its_run_before_it_takes_the_batch_as_everybody_does() {
    let doubt = Doubt::start().await;
    let Doubt { bench, gate, run, .. } = &doubt;
    doubt.call_unpaid().await;
    // As a retry, a cancel and a rerun do.
    let mut other = connect(bench).await;
    other.batch_execute("BEGIN; SELECT FROM run FOR UPDATE").await.unwrap();
    gate.open();
    is_waiting(bench).await;
    assert_eq!(rows(bench, "rail_effect").await, 1, "it is kept before anything is waited for");
    other.batch_execute("SELECT FROM batch FOR UPDATE; COMMIT").await.unwrap();
    is_broken(bench, run).await;
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_failed_and_yet_shows_an_effect_is_not_tried_chosen_or_replaced() {
    let bench = Bench::start().await;
    let closed = bench.control.closed_account().await;
    let payees = [(closed, 100)];
    let header = bench.header(&payees);
    let run = &header.run_id;
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Failed);
    let path = format!("/v1/tokens/{}/accounts/0.0.{closed}", bench.token);
    bench.control.put(&path, json!({"associated": true})).await;
    see_effects(&bench, 4).await;
    assert_eq!(reason(&bench.retry(run).await.unwrap_err()), "RUN_NOT_RETRYABLE");
    let chosen = bench.retry_payouts(run, &[0], "chosen").await.unwrap_err();
    assert_eq!(reason(&chosen), "PAYOUT_NOT_FAILED");
    assert!(chosen.message().contains("PAID"), "{chosen}");
    let rerun = bench.supersede(&bench.successor(run, &payees), &payees, &[0]).await.unwrap_err();
    assert_eq!(reason(&rerun), "PREDECESSOR_NOT_REPLACEABLE");
    assert_eq!(bench.control.effects(&bench.token).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_next_attempt_and_shows_an_effect_gets_none() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(100..).collect();
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": true})).await;
    let header = bench.header(&payees);
    let run = &header.run_id;
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(run, "halt", |run| run.state() == pb::RunState::Halted).await;
    see_effects(&bench, 4).await;
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": false})).await;
    bench.retry(run).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(rows(&bench, "attempt").await, 1);
    bench.cancel(run).await;
    let rerun = bench.supersede(&bench.successor(run, &payees), &payees, &[0, 1]).await.unwrap_err();
    assert_eq!(reason(&rerun), "PREDECESSOR_NOT_REPLACEABLE");
    assert_eq!(bench.control.effects(&bench.token).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_effect_was_seen_does_not_die() {
    let bench = Bench::start().await;
    let (_, attempt) = doubtful(&bench, "lost_before").await;
    see_effects(&bench, 2).await;
    let refused = say(&bench, &attempt, "alice", pb::DoubtOutcome::Unpaid).await.unwrap_err();
    assert_eq!(reason(&refused), "EFFECT_SEEN");
    // Now a mirror node answers, and what it says would prove that there is none.
    bench.control.clear_faults().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((rows(&bench, "attempt").await, rows(&bench, "attempt WHERE state = 2").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_a_break_does_not_go_on_by_itself() {
    let bench = Bench::with(Tuning { recovery_ms: 100, ..quick() }).await;
    let (run, _) = halted(&bench, 2).await;
    let broken = "INSERT INTO break (run_id, attempt_id, reason, detail) \
        SELECT run_id, attempt_id, 'EFFECT_OF_DEAD_ATTEMPT', 'a test' FROM attempt";
    connect(&bench).await.batch_execute(broken).await.unwrap();
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": false})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.run(&run).await.state(), pb::RunState::Halted);
    bench.retry(&run).await.unwrap();
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
}

/// A run that is halted because its token does not move, and its payees.
async fn halted(bench: &Bench, count: usize) -> (String, Vec<(u64, u64)>) {
    let payees: Vec<(u64, u64)> = bench.control.accounts(count).await.into_iter().zip(100..).collect();
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": true})).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&header.run_id, "halt", |run| run.state() == pb::RunState::Halted).await;
    (header.run_id, payees)
}

/// Asserts that a halted run with a break alerts, and stays halted though what halted it is gone.
async fn assert_stays_halted(bench: &Bench, run: &str) {
    is_broken(bench, run).await;
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": false})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let run = bench.run(run).await;
    assert_eq!((run.state(), run.halt.unwrap().reason.as_str()), (pb::RunState::Halted, "TOKEN_IS_PAUSED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_that_a_sweep_finds_in_a_halted_run_keeps_it_halted() {
    let mut restorable = Restorable::start().await;
    let mut bench = Bench::on(restorable.db().await, Tuning { recovery_ms: 100, ..quick() }).await;
    let (run, _) = halted(&bench, 9).await;
    bench.kill().await;
    restorable.save().await;
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": false})).await;
    bench.serve(restorable.db().await).await;
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    bench.kill().await;
    restorable.put_back(Back::Recovered).await;
    bench.control.patch(&format!("/v1/tokens/{}", bench.token), json!({"paused": true})).await;
    let db = restorable.db().await;
    let mut owner = AsyncPgConnection::establish(&db.owner_url).await.unwrap();
    owner.batch_execute("UPDATE instruction SET units = units + 1 WHERE ordinal = 4").await.unwrap();
    drop(owner);
    bench.serve(db).await;
    assert_eq!(wait_swept(&bench, 2).await.breaks, 1);
    assert_stays_halted(&bench, &run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_names_no_run_keeps_halted_what_its_fee_payer_pays() {
    let mut restorable = Restorable::start().await;
    let mut bench = Bench::on(restorable.db().await, Tuning { recovery_ms: 100, ..quick() }).await;
    let (run, payees) = halted(&bench, 2).await;
    bench.kill().await;
    restorable.save().await;
    pay_as_before(&bench, payees[0].0).await;
    restorable.put_back(Back::Recovered).await;
    bench.serve(restorable.db().await).await;
    assert_eq!(wait_swept(&bench, 2).await.breaks, 1);
    assert_stays_halted(&bench, &run).await;
}
