//! After a restore: nothing is paid twice, and what the database forgot is adopted or reported.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use hedera::transfer::Asset;
use ids::{AttemptId, SystemIds};
use proto::execution::v1 as pb;
use proto::execution::v1::pause_service_client::PauseServiceClient;
use proto::execution::v1::restore_service_client::RestoreServiceClient;
use serde_json::json;

use crate::restorable::{Back, Restorable};
use crate::support::{Bench, account, quick, reason, until};
use crate::{alerts, foreign, limits};

pub(crate) type Payees = Vec<(u64, u64)>;

/// Slow enough that a run can be stopped in the middle.
pub(crate) async fn bench(restorable: &Restorable) -> Bench {
    let tuning = execution::Tuning { transactions_per_second: 4, ..quick() };
    Bench::on(restorable.db().await, tuning).await
}

pub(crate) async fn payees(bench: &Bench, count: usize) -> Payees {
    bench.control.accounts(count).await.into_iter().zip(1..).collect()
}

pub(crate) async fn start(bench: &Bench, payees: &Payees) -> pb::RunHeader {
    let header = pb::RunHeader { batch_size: 18, ..bench.header(payees) };
    bench.start_run(&header, payees).await.unwrap();
    header
}

/// A database that has forgotten a run which paid these twenty in three transactions, and mirror nodes that do not show them
/// for a while: what comes meanwhile comes before the sweep has found them.
pub(crate) async fn forgotten_and_not_yet_seen() -> (Restorable, Bench, Payees, pb::RunHeader) {
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    let payees = payees(&bench, 20).await;
    bench.kill().await;
    restorable.save().await;
    bench.serve(restorable.db().await).await;
    for mirror in ["/v1/mirrors/0", "/v1/mirrors/1"] {
        bench.control.put(mirror, json!({"lag_millis": 9_000})).await;
    }
    let forgotten = start(&bench, &payees).await;
    assert_eq!(bench.wait_end(&forgotten.run_id).await.state(), pb::RunState::Completed);
    bench.kill().await;
    restorable.put_back(Back::Recovered).await;
    bench.serve(restorable.db().await).await;
    (restorable, bench, payees, forgotten)
}

fn paid(run: &pb::Run) -> u64 {
    run.progress.as_ref().unwrap().paid.as_ref().unwrap().payouts
}

pub(crate) async fn sweep(bench: &Bench) -> pb::Sweep {
    let request = bench.request(pb::GetSweepRequest {});
    RestoreServiceClient::new(bench.channel()).get_sweep(request).await.unwrap().into_inner().sweep.unwrap()
}

pub(crate) async fn wait_swept(bench: &Bench, number: i32) -> pb::Sweep {
    until("end of the sweep", async || {
        let sweep = sweep(bench).await;
        sweep.number == number && sweep.done_time.is_some()
    })
    .await;
    sweep(bench).await
}

pub(crate) async fn found(bench: &Bench, open: bool) -> Vec<pb::SweptPayment> {
    let message = pb::ListSweptPaymentsRequest { open, ..Default::default() };
    let mut client = RestoreServiceClient::new(bench.channel());
    client.list_swept_payments(bench.request(message)).await.unwrap().into_inner().payments
}

/// Each payee was paid once by the sandbox's ledger, and these runs' records say the same.
async fn assert_each_once(bench: &Bench, runs: &[&str]) {
    let mut expected = BTreeMap::new();
    for run in runs {
        for payout in bench.payouts(run).await {
            if payout.status() == pb::PayoutStatus::Paid {
                let units: u64 = payout.amount.as_ref().unwrap().units.parse().unwrap();
                assert!(expected.insert(account(&payout), (payout.transaction_id.clone(), units)).is_none());
            }
        }
    }
    let mut seen = BTreeMap::new();
    for effect in bench.control.effects(&bench.token).await {
        let twice = seen.insert(effect.account.clone(), (effect.transaction_id, effect.units));
        assert!(twice.is_none(), "{} was paid twice", effect.account);
    }
    assert_eq!(seen, expected, "ledger (left) and record (right) differ");
}

pub(crate) fn is_swept_for(run: &pb::Run) -> bool {
    run.state() == pb::RunState::Paused && run.pauses.iter().any(|pause| pause.reason.starts_with("SWEEPING"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_restored_to_before_the_last_intents_pays_nobody_twice_and_adopts_what_it_forgot() {
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    let (many, others) = (payees(&bench, 216).await, payees(&bench, 20).await);
    let known = start(&bench, &many).await;
    let before = paid(&bench.wait(&known.run_id, "payouts", |run| paid(run) >= 18).await);
    bench.kill().await;
    restorable.save().await;
    bench.serve(restorable.db().await).await;

    // What comes now is forgotten: more of the known run, a whole other one, and a payment that is still under way.
    let forgotten = start(&bench, &others).await;
    assert_eq!(bench.wait_end(&forgotten.run_id).await.state(), pb::RunState::Completed);
    bench.wait(&known.run_id, "payouts", |run| paid(run) >= before + 36).await;
    let late = json!({"kind": "delay_effect", "millis": 9_000, "times": 1, "lose_answer": true});
    bench.control.post("/v1/faults", late).await;
    let fired = async || bench.control.get("/v1/faults").await["faults"][0]["fired"] == 1;
    until("payment under way", fired).await;
    bench.kill().await;
    restorable.put_back(Back::Recovered).await;
    bench.control.put("/v1/mirrors/0", json!({"lag_millis": 3_000})).await;
    bench.serve(restorable.db().await).await;

    let held = bench.run(&known.run_id).await;
    assert!(is_swept_for(&held), "{held:#?}");
    let cancel = pb::CancelRunRequest { run_id: forgotten.run_id.clone(), reason: String::new() };
    let refused = bench.client().cancel_run(bench.request(cancel.clone())).await.unwrap_err();
    assert_eq!(reason(&refused), "SWEEPING");
    // Killed in the middle, it goes on where it was.
    until("a page", async || sweep(&bench).await.payers.iter().any(|payer| payer.pages > 0)).await;
    let before = sweep(&bench).await;
    assert!(before.done_time.is_none() && before.number == 2, "{before:#?}");
    bench.kill().await;
    bench.serve(restorable.db().await).await;
    let done = wait_swept(&bench, 2).await;
    assert_eq!(done.reason(), pb::SweepReason::TimelineChanged);
    assert!(done.adopted >= 2 && done.breaks == 0, "{done:#?}");
    assert_eq!(done.waiting, 3, "the other run's payments wait for it: {:#?}", found(&bench, true).await);
    let open = found(&bench, true).await;
    assert!(open.iter().all(|it| it.run_id == forgotten.run_id && it.outcome() == pb::SweptOutcome::Waiting));

    // Nobody may take the forgotten run for unpaid. Handed over again, all of it is paid already.
    let refused = bench.client().cancel_run(bench.request(cancel)).await.unwrap_err();
    assert_eq!(reason(&refused), "RUN_FORGOTTEN");
    bench.start_run(&forgotten, &others).await.unwrap();
    assert_eq!(bench.wait_end(&forgotten.run_id).await.state(), pb::RunState::Completed);
    assert_eq!(bench.wait_end(&known.run_id).await.state(), pb::RunState::Completed);
    assert_each_once(&bench, &[&known.run_id, &forgotten.run_id]).await;
    assert_eq!(found(&bench, true).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_files_is_swept_when_a_person_says_so_and_a_forgotten_retry_is_adopted_payee_by_payee()
{
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    let mut nine = payees(&bench, 8).await;
    nine.push((bench.control.closed_account().await, 7));
    let header = bench.header(&nine);
    pause(&bench).await;
    bench.control.post("/v1/faults", json!({"kind": "receipt_unknown", "millis": 2_000})).await;
    bench.start_run(&header, &nine).await.unwrap();
    resume(&bench, "one").await;
    bench.wait(&header.run_id, "an attempt", |run| run.progress.as_ref().unwrap().attempts == 1).await;
    pause(&bench).await;
    // The nine fail together, for one of them; each is to be tried alone.
    let failed = |run: &pb::Run| run.progress.as_ref().unwrap().processing.as_ref().unwrap().payouts == 0;
    bench.wait(&header.run_id, "the failure", failed).await;
    bench.control.clear_faults().await;
    bench.kill().await;
    restorable.save().await;
    let saved_at = SystemTime::now();
    bench.serve(restorable.db().await).await;
    resume(&bench, "two").await;
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Failed);
    bench.kill().await;
    restorable.put_back(Back::Copied).await;
    bench.serve(restorable.db().await).await;

    let declare = async |since: Option<SystemTime>, key: &str| {
        let message = pb::DeclareRestoreRequest {
            since_time: since.map(Into::into),
            reason: "the disk was lost".to_owned(),
        };
        RestoreServiceClient::new(bench.channel()).declare_restore(bench.as_user(message, "adam", key)).await
    };
    for (since, key) in [(None, "never"), (Some(SystemTime::now() + Duration::from_mins(10)), "later")] {
        let refused = declare(since, key).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{key}");
    }
    let declared = declare(Some(saved_at), "now").await.unwrap().into_inner().sweep.unwrap();
    assert_eq!((declared.reason(), declared.wanted_by.as_str()), (pb::SweepReason::Declared, "adam"));
    resume(&bench, "three").await;
    assert!(is_swept_for(&bench.run(&header.run_id).await));
    let done = wait_swept(&bench, declared.number).await;
    assert_eq!((done.adopted, done.waiting, done.breaks), (8, 0, 0));
    let run = bench.wait_end(&header.run_id).await;
    let progress = run.progress.unwrap();
    assert_eq!(run.state, i32::from(pb::RunState::Failed));
    assert_eq!((progress.paid.unwrap().payouts, progress.failed.unwrap().payouts), (8, 1));
    assert_each_once(&bench, &[&header.run_id]).await;
}

pub(crate) async fn pause(bench: &Bench) {
    let scope = Some(pb::pause_request::Scope::Everything(()));
    let message = pb::PauseRequest { scope, reason: "a restore is tried".to_owned() };
    let key = ids::IdSource::uuid(&ids::SystemIds).to_string();
    PauseServiceClient::new(bench.channel()).pause(bench.as_user(message, "paula", &key)).await.unwrap();
}

pub(crate) async fn resume(bench: &Bench, key: &str) {
    let scope = Some(pb::resume_request::Scope::Everything(()));
    let message = pb::ResumeRequest { scope, reason: "go on".to_owned() };
    PauseServiceClient::new(bench.channel()).resume(bench.as_user(message, "paula", key)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_in_another_cluster_is_swept_before_anything_is_paid() {
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    let payees = payees(&bench, 54).await;
    let header = start(&bench, &payees).await;
    bench.wait(&header.run_id, "payouts", |run| paid(run) >= 9).await;
    bench.kill().await;
    restorable.save().await;
    bench.serve(restorable.db().await).await;
    bench.wait(&header.run_id, "payouts", |run| paid(run) >= 36).await;
    bench.kill().await;
    restorable.put_back(Back::Dumped).await;
    bench.serve(restorable.db().await).await;
    assert!(is_swept_for(&bench.run(&header.run_id).await));
    let done = wait_swept(&bench, 2).await;
    assert_eq!((done.reason(), done.breaks), (pb::SweepReason::SystemIdentifierChanged, 0));
    assert!(done.adopted > 0, "{done:#?}");
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    assert_each_once(&bench, &[&header.run_id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_payment_that_the_record_excludes_stops_its_run() {
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    let nine = payees(&bench, 9).await;
    pause(&bench).await;
    let header = start(&bench, &nine).await;
    bench.kill().await;
    restorable.save().await;
    bench.serve(restorable.db().await).await;
    resume(&bench, "one").await;
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.kill().await;
    restorable.put_back(Back::Recovered).await;
    let db = restorable.db().await;
    let mut owner = AsyncPgConnection::establish(&db.owner_url).await.unwrap();
    owner.batch_execute("UPDATE instruction SET units = units + 1 WHERE ordinal = 4").await.unwrap();
    drop(owner);
    bench.serve(db).await;
    resume(&bench, "two").await;
    let done = wait_swept(&bench, 2).await;
    assert_eq!((done.adopted, done.waiting, done.breaks), (0, 0, 1));
    let run = bench.wait(&header.run_id, "a halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(run.halt.unwrap().reason, "BREAK");
    assert_eq!(run.progress.unwrap().attempts, 0, "nothing is paid again");
    let open = found(&bench, true).await;
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].outcome(), open[0].payouts), (pb::SweptOutcome::Break, 9));
}

/// A payment as releases before made them: its memo names the attempt alone.
pub(crate) async fn pay_as_before(bench: &Bench, to: u64) {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let start_ns = i64::try_from(since_epoch.as_nanos()).unwrap() - 5_000_000_000;
    foreign::transfer(bench, start_ns, Asset::Hbar, to, &AttemptId::new(&SystemIds).to_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_payment_that_names_no_run_stops_what_its_fee_payer_pays_and_alerts() {
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    let nine = payees(&bench, 9).await;
    pause(&bench).await;
    let header = start(&bench, &nine).await;
    bench.kill().await;
    restorable.save().await;
    pay_as_before(&bench, nine[0].0).await;
    restorable.put_back(Back::Recovered).await;
    bench.serve(restorable.db().await).await;
    resume(&bench, "one").await;
    let done = wait_swept(&bench, 2).await;
    assert_eq!((done.adopted, done.waiting, done.breaks), (0, 0, 1));
    let run = bench.wait(&header.run_id, "a halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!((run.halt.unwrap().reason.as_str(), run.progress.unwrap().attempts), ("BREAK", 0));
    let alerts = alerts::alerts(&bench, &header.run_id, false).await;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].failure.as_ref().unwrap().reason, "BREAK");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_funding_account_that_was_forgotten_is_looked_through_when_it_is_made_known_again() {
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    bench.kill().await;
    restorable.save().await;
    bench.serve(restorable.db().await).await;
    let other = bench.control.post("/v1/accounts", json!({})).await;
    let other = other["account_id"].as_str().unwrap().to_owned();
    bench.kill().await;
    restorable.put_back(Back::Recovered).await;
    bench.serve(restorable.db().await).await;
    let first = wait_swept(&bench, 2).await;
    assert_eq!(first.payers.len(), 1);
    // The operator's account pays here too: only a fee payer that was not looked through opens the sweep again.
    bench.create_funding_account("known", &first.payers[0].account, "operator", "known").await.unwrap();
    assert!(sweep(&bench).await.done_time.is_some());
    bench.create_funding_account("forgotten", &other, "operator", "forgotten").await.unwrap();
    let again = sweep(&bench).await;
    assert_eq!((again.number, again.payers.len()), (2, 2));
    assert!(again.done_time.is_none(), "{again:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_started_with_the_time_of_a_restore_pays_nothing_before_it_has_swept_and_sweeps_once() {
    let mut restorable = Restorable::start().await;
    let mut bench = bench(&restorable).await;
    let nine = payees(&bench, 9).await;
    limits::set(&bench, "day", [0, 0, 100]).await.unwrap();
    pause(&bench).await;
    let header = start(&bench, &nine).await;
    bench.kill().await;
    restorable.save().await;
    let saved_at = jiff::Timestamp::now();
    bench.serve(restorable.db().await).await;
    resume(&bench, "two").await;
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.kill().await;
    restorable.put_back(Back::Copied).await;
    for round in 0..2 {
        bench.serve_restored(restorable.db().await, saved_at).await;
        let sweep = sweep(&bench).await;
        assert_eq!((sweep.number, sweep.reason()), (2, pb::SweepReason::Declared), "round {round}");
        if round == 0 {
            resume(&bench, "three").await;
            assert!(is_swept_for(&bench.run(&header.run_id).await));
            assert_eq!(wait_swept(&bench, 2).await.adopted, 1);
            assert_eq!(limits::taken(&bench).await, 45, "what was paid today counts, whenever it is learnt");
            assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
            bench.kill().await;
        }
    }
    assert_each_once(&bench, &[&header.run_id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_run_that_is_handed_over_while_the_sweep_goes_on_is_paid_once() {
    let (_restorable, bench, payees, header) = forgotten_and_not_yet_seen().await;
    bench.start_run(&header, &payees).await.unwrap();
    assert!(is_swept_for(&bench.run(&header.run_id).await));
    let done = wait_swept(&bench, 2).await;
    assert_eq!((done.adopted, done.waiting, done.breaks), (3, 0, 0));
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    assert_each_once(&bench, &[&header.run_id]).await;
}
