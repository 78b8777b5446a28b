//! Pausing: once it has returned nothing new is intended and nothing is sent again; resuming goes on where it was.

use std::time::Duration;

use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use execution::Tuning;
use proto::execution::v1 as pb;
use proto::execution::v1::pause_service_client::PauseServiceClient;
use serde_json::json;
use tonic::Status;

use crate::support::{Bench, quick, reason};

pub(crate) fn of_run(id: &str) -> pb::pause_request::Scope {
    pb::pause_request::Scope::RunId(id.to_owned())
}

pub(crate) async fn pause(
    bench: &Bench,
    scope: impl Into<Option<pb::pause_request::Scope>>,
    key: &str,
) -> Result<pb::Pause, Status> {
    let message = pb::PauseRequest { scope: scope.into(), reason: "a wrong list".to_owned() };
    let request = bench.as_user(message, "paula", key);
    Ok(PauseServiceClient::new(bench.channel()).pause(request).await?.into_inner().pause.unwrap())
}

pub(crate) async fn resume(bench: &Bench, scope: pb::resume_request::Scope, key: &str) -> Option<pb::Pause> {
    let message = pb::ResumeRequest { scope: Some(scope), reason: "the list is right".to_owned() };
    let request = bench.as_user(message, "robert", key);
    PauseServiceClient::new(bench.channel()).resume(request).await.unwrap().into_inner().pause
}

async fn tell_asset(bench: &Bench, asset_id: &str, version: i64, paused: bool) {
    let word = pb::SetAssetPauseRequest {
        asset_id: asset_id.to_owned(),
        version,
        paused,
        by: "paula".to_owned(),
        reason: "an audit".to_owned(),
    };
    PauseServiceClient::new(bench.channel()).set_asset_pause(bench.request(word)).await.unwrap();
}

/// Attempts intended and sendings begun so far.
async fn begun(bench: &Bench, run_id: &str) -> (u64, u32) {
    let attempts = bench.run(run_id).await.progress.unwrap().attempts;
    let mut begins = 0;
    for payout in bench.payouts(run_id).await.iter().step_by(9) {
        begins += bench.payout(&payout.id).await.attempts.iter().map(|it| it.send_begins).sum::<u32>();
    }
    (attempts, begins)
}

/// A run of which some is paid, some is sent without an answer and the rest waits.
async fn under_way(bench: &Bench, count: usize) -> pb::RunHeader {
    let payees: Vec<(u64, u64)> = bench.control.accounts(count).await.into_iter().zip(1..).collect();
    bench.control.post("/v1/faults", json!({"kind": "lost_before", "times": 6})).await;
    let asset_id = format!("ast_{}", "7".repeat(32));
    let header = pb::RunHeader { batch_size: 9, asset_id, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&header.run_id, "two attempts", |run| run.progress.as_ref().unwrap().attempts >= 2).await;
    header
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_intends_and_sends_nothing_and_goes_on_when_resumed() {
    let bench = Bench::start().await;
    let header = under_way(&bench, 90).await;
    let paused = pause(&bench, of_run(&header.run_id), "stop").await.unwrap();
    let stopped = begun(&bench, &header.run_id).await;
    assert_eq!((paused.reason.as_str(), paused.paused_by.as_str()), ("a wrong list", "paula"));
    assert!(paused.pause_time.is_some() && paused.resume_time.is_none());
    // Many polls, and most of the time in which a copy could be sent again.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(begun(&bench, &header.run_id).await, stopped, "attempts and begins while paused");
    let run = bench.run(&header.run_id).await;
    assert_eq!(run.state(), pb::RunState::Paused);
    assert_eq!(run.pauses, std::slice::from_ref(&paused));
    assert_eq!(pause(&bench, of_run(&header.run_id), "again").await.unwrap(), paused, "it keeps its pause");
    let ended = resume(&bench, pb::resume_request::Scope::RunId(header.run_id.clone()), "go").await.unwrap();
    assert_eq!((ended.id, ended.resumed_by.as_str()), (paused.id, "robert"));
    let run = bench.wait_end(&header.run_id).await;
    assert_eq!((run.state(), run.pauses.as_slice()), (pb::RunState::Completed, &[][..]));
    bench.assert_exactly_once(&header.run_id).await;
    assert_eq!(reason(&pause(&bench, of_run(&header.run_id), "late").await.unwrap_err()), "RUN_ENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_add_up_and_a_run_goes_on_when_nothing_holds_it_any_more() {
    let bench = Bench::start().await;
    let everything = Some(pb::pause_request::Scope::Everything(()));
    pause(&bench, everything, "all").await.unwrap();
    let payees: Vec<(u64, u64)> = bench.control.accounts(20).await.into_iter().zip(1..).collect();
    let asset_id = format!("ast_{}", "5".repeat(32));
    let header = pb::RunHeader { asset_id: asset_id.clone(), ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    tell_asset(&bench, &asset_id, 2, true).await;
    let held = bench.run(&header.run_id).await;
    assert_eq!((held.state(), held.pauses.len()), (pb::RunState::Paused, 2));
    resume(&bench, pb::resume_request::Scope::Everything(()), "all-on").await.unwrap();
    // An older word of the asset service comes late.
    tell_asset(&bench, &asset_id, 1, false).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let held = bench.run(&header.run_id).await;
    assert_eq!((held.state(), held.progress.unwrap().attempts), (pb::RunState::Paused, 0));
    tell_asset(&bench, &asset_id, 3, false).await;
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_is_followed_to_its_end_while_paused() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(9).await.into_iter().zip(1..).collect();
    bench.control.post("/v1/faults", json!({"kind": "lost_after", "times": 1})).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&header.run_id, "an attempt", |run| run.progress.as_ref().unwrap().attempts > 0).await;
    pause(&bench, of_run(&header.run_id), "stop").await.unwrap();
    // It took effect although the answer was lost; that is seen, and ends the run.
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_can_be_cancelled() {
    let bench = Bench::start().await;
    let header = under_way(&bench, 40).await;
    pause(&bench, of_run(&header.run_id), "stop").await.unwrap();
    let attempts = begun(&bench, &header.run_id).await.0;
    bench.control.clear_faults().await;
    bench.begin_cancel(&header.run_id).await;
    resume(&bench, pb::resume_request::Scope::RunId(header.run_id.clone()), "go").await.unwrap();
    let run = bench.wait_end(&header.run_id).await;
    assert_eq!((run.state(), run.progress.unwrap().attempts), (pb::RunState::Cancelled, attempts));
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_races_a_run_of_2000_payees_is_respected_at_once_each_time() {
    let bench = Bench::start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(2_000).await.into_iter().zip(1..).collect();
    let header = pb::RunHeader { batch_size: 18, parallelism: 8, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    for round in 0..20 {
        if let Err(error) = pause(&bench, of_run(&header.run_id), &format!("stop-{round}")).await {
            assert_eq!(reason(&error), "RUN_ENDED");
            break;
        }
        let stopped = bench.run(&header.run_id).await.progress.unwrap().attempts;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let later = bench.run(&header.run_id).await.progress.unwrap();
        assert_eq!(later.attempts, stopped, "attempts while paused, round {round}");
        let scope = pb::resume_request::Scope::RunId(header.run_id.clone());
        resume(&bench, scope, &format!("go-{round}")).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_intends_while_a_pause_is_under_way() {
    // Slow enough to be stopped in the middle.
    let bench = Bench::with(Tuning { transactions_per_second: 4, ..quick() }).await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(12).await.into_iter().zip(1..).collect();
    let header = pb::RunHeader { batch_size: 1, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    let attempts = async || bench.run(&header.run_id).await.progress.unwrap().attempts;
    bench.wait(&header.run_id, "first attempt", |run| run.progress.as_ref().unwrap().attempts > 0).await;
    let mut pausing = AsyncPgConnection::establish(&bench.db_url).await.unwrap();
    let begun = "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('pause', -2))";
    pausing.batch_execute(begun).await.unwrap();
    let before = attempts().await;
    assert!(before < 12, "all was intended before anybody could pause");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(attempts().await, before);
    pausing.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_cannot_hold_says_so_and_holds_nothing() {
    let bench = Bench::start().await;
    let mut frozen = AsyncPgConnection::establish(&bench.db_url).await.unwrap();
    let intending = "BEGIN; SELECT pg_advisory_xact_lock_shared(hashtextextended('pause', -2))";
    frozen.batch_execute(intending).await.unwrap();
    let everything = pb::pause_request::Scope::Everything(());
    let refused = pause(&bench, everything.clone(), "stop").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (tonic::Code::Unavailable, "LOCK_TIMEOUT"));
    frozen.batch_execute("ROLLBACK").await.unwrap();
    pause(&bench, everything, "stop").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_are_listed_with_who_when_and_why_and_bad_ones_are_refused() {
    let bench = Bench::start().await;
    pause(&bench, Some(pb::pause_request::Scope::Everything(())), "one").await.unwrap();
    resume(&bench, pb::resume_request::Scope::Everything(()), "two").await.unwrap();
    assert_eq!(resume(&bench, pb::resume_request::Scope::Everything(()), "three").await, None);
    let again = pause(&bench, Some(pb::pause_request::Scope::Everything(())), "four").await.unwrap();
    let list = async |include_ended, page_token: &str| {
        let message =
            pb::ListPausesRequest { page_size: 1, page_token: page_token.to_owned(), include_ended };
        let mut client = PauseServiceClient::new(bench.channel());
        client.list_pauses(bench.request(message)).await.unwrap().into_inner()
    };
    let active = list(false, "").await;
    assert_eq!((active.pauses, active.next_page_token.as_str()), (vec![again.clone()], ""));
    let first = list(true, "").await;
    let second = list(true, &first.next_page_token).await;
    assert_eq!(first.pauses, [again]);
    let [old] = second.pauses.as_slice() else { panic!("{second:?}") };
    assert_eq!((old.resumed_by.as_str(), old.resume_reason.as_str()), ("robert", "the list is right"));
    assert_eq!(second.next_page_token, "");

    let unknown = format!("run_{}", "0".repeat(32));
    assert_eq!(reason(&pause(&bench, of_run(&unknown), "five").await.unwrap_err()), "RUN_NOT_FOUND");
    let nothing = pause(&bench, None, "six").await.unwrap_err();
    assert_eq!(nothing.code(), tonic::Code::InvalidArgument);
    let silent = pb::PauseRequest { scope: Some(of_run(&unknown)), reason: String::new() };
    let silent = bench.as_user(silent, "paula", "seven");
    let refused = PauseServiceClient::new(bench.channel()).pause(silent).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}
