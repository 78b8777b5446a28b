//! What `Diagnose` says of a system that is well, and of each trouble that the network can be made to have.

use auth::{Actor, Role};
use proto::execution::v1 as pb;
use proto::execution::v1::diagnostics_service_client::DiagnosticsServiceClient;
use proto::execution::v1::pause_service_client::PauseServiceClient;
use serde_json::json;
use tonic::{Code, Status};

use crate::support::{Bench, PATIENCE, quick, reason};

use pb::DiagnosticOutcome::{Ok as Fine, Problem, Warning};

/// Nodes are given time: here it is no trouble that they answer late on a machine that does much else.
async fn start() -> Bench {
    Bench::with(execution::Tuning { node_deadline_ms: 5_000, ..quick() }).await
}

async fn ask(bench: &Bench, run: &str) -> Result<Vec<pb::DiagnosticCheck>, Status> {
    let message = pb::DiagnoseRequest { run_id: run.to_owned() };
    let actor = Actor::user("victor", Role::Viewer.into(), "distribution");
    let request = bench.request_by(message, &actor);
    let checks = DiagnosticsServiceClient::new(bench.channel()).diagnose(request).await?.into_inner().checks;
    for check in &checks {
        assert_eq!(check.advice.is_empty(), check.outcome() == Fine, "{check:?}");
        assert!(!check.seen.is_empty(), "{check:?}");
    }
    Ok(checks)
}

/// Those of a sort, as they stand: subject, outcome, what was seen.
async fn of(bench: &Bench, run: &str, sort: &str) -> Vec<(String, pb::DiagnosticOutcome, String)> {
    let checks = ask(bench, run).await.unwrap().into_iter().filter(|check| check.check == sort);
    checks.map(|check| (check.subject.clone(), check.outcome(), check.seen)).collect()
}

/// Asks until there is a check of a sort with such an outcome and words; everything else of it is returned too.
async fn until(bench: &Bench, run: &str, sort: &str, outcome: pb::DiagnosticOutcome, words: &str) {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = of(bench, run, sort).await;
        if found.iter().any(|(_, seen, text)| *seen == outcome && text.contains(words)) {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "no {sort} {outcome:?} {words:?}: {found:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_system_is_shown_as_healthy_before_and_after_a_run() {
    let bench = start().await;
    let checks = ask(&bench, "").await.unwrap();
    let ill: Vec<_> = checks.iter().filter(|check| check.outcome() != Fine).collect();
    assert!(ill.is_empty(), "{ill:#?}");
    let sorts: Vec<&str> = checks.iter().map(|check| check.check.as_str()).collect();
    let expected = [
        "DATABASE",
        "CLOCK",
        "CLOCK",
        "MIRROR",
        "NODE",
        "NODE",
        "KEY",
        "FUNDING",
        "FEE_PAYER",
        "PAUSE",
        "PERMISSIONS",
    ];
    assert_eq!(sorts, expected);
    let permissions = checks.last().unwrap();
    assert_eq!(permissions.subject, "victor");
    assert!(permissions.seen.contains("may: nothing; it may not: pay"), "{permissions:?}");
    let payees: Vec<(u64, u64)> = bench.control.accounts(20).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait_end(&header.run_id).await;
    let checks = ask(&bench, &header.run_id).await.unwrap();
    assert!(checks.iter().all(|check| check.outcome() == Fine), "{checks:#?}");
    let run = checks.iter().find(|check| check.check == "RUN").unwrap();
    assert!(run.seen.starts_with("completed: 20 paid, 0 failed"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn funds_and_fees_that_are_missing_are_named_with_how_much() {
    let bench = Bench::start().await;
    let operator = bench.sandbox.network().operator.account_id.to_string();
    let (poor, account) = bench.poor_account().await;
    let empty = of(&bench, "", "FEE_PAYER").await;
    assert_eq!(empty[1].0, format!("poor {poor}"));
    assert!(empty[1].1 == Problem && empty[1].2.starts_with("has 0 tinybars"), "{empty:?}");
    assert_eq!(empty[0].1, Fine, "the other has enough");
    let money = json!({"from": operator, "to": poor, "units": 10_000_000_000_u64});
    bench.control.post("/v1/moves", money).await;
    let payees: Vec<(u64, u64)> =
        bench.control.accounts(3).await.into_iter().map(|number| (number, 100)).collect();
    let header = pb::RunHeader { funding_account_id: account.id, ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait(&header.run_id, "halt", |run| run.state() == pb::RunState::Halted).await;
    for run in ["", header.run_id.as_str()] {
        let short = of(&bench, run, "FUNDING").await;
        let (subject, outcome, seen) = short.last().unwrap();
        assert_eq!((subject, *outcome), (&format!("poor {poor}"), Problem));
        assert!(seen.starts_with("has 0 smallest units") && seen.contains("300 are needed"), "{seen}");
    }
    let halted = of(&bench, &header.run_id, "RUN").await;
    assert!(halted[0].1 == Problem && halted[0].2.contains("INSUFFICIENT_TOKEN_BALANCE"), "{halted:?}");
    let file = bench.dir.path().join("operator.key");
    let own = std::fs::read(&file).unwrap();
    std::fs::write(&file, "07".repeat(32)).unwrap();
    let keys = of(&bench, "", "KEY").await;
    assert!(keys.iter().all(|(_, outcome, _)| *outcome == Problem), "{keys:?}");
    assert!(keys[0].2.contains(&format!("is not the key of account {operator}")), "{keys:?}");
    std::fs::write(&file, own).unwrap();
    assert!(of(&bench, "", "KEY").await.iter().all(|(_, outcome, _)| *outcome == Fine));
    std::fs::remove_file(&file).unwrap();
    let keys = of(&bench, "", "KEY").await;
    assert!(
        keys.iter().all(|(_, outcome, seen)| *outcome == Problem && seen.contains("cannot be read")),
        "{keys:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_that_failed_is_shown_as_it_is_now() {
    let bench = Bench::start().await;
    let closed = bench.control.closed_account().await;
    let accounts = bench.control.accounts(2).await;
    let (frozen, fine) = (accounts[0], accounts[1]);
    let relation = |number: u64| format!("/v1/tokens/{}/accounts/0.0.{number}", bench.token);
    bench.control.put(&relation(frozen), json!({"frozen": true})).await;
    let payees = [(closed, 5), (frozen, 6), (fine, 7)];
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Failed);
    let told = of(&bench, &header.run_id, "RECIPIENT").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((told[0].0.clone(), told[0].1), (format!("0.0.{closed}"), Problem));
    assert!(told[0].2.contains("still cannot, for TOKEN_NOT_ASSOCIATED_TO_ACCOUNT"), "{told:?}");
    assert!(told[1].2.contains("still cannot, for ACCOUNT_FROZEN_FOR_TOKEN"), "{told:?}");
    bench.control.put(&relation(closed), json!({"associated": true})).await;
    bench.control.put(&relation(frozen), json!({"frozen": false})).await;
    let told = of(&bench, &header.run_id, "RECIPIENT").await;
    for (_, outcome, seen) in &told {
        assert!(*outcome == Warning && seen.ends_with("it could be now"), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down_or_busy_and_a_mirror_node_that_lags_or_is_away_are_named() {
    let bench = start().await;
    let node = bench.sandbox.network().nodes[0].account_id.to_string();
    bench.control.post("/v1/faults", json!({"kind": "receipt_lost", "node": node})).await;
    let nodes = of(&bench, "", "NODE").await;
    assert_eq!((&nodes[0].0, nodes[0].1, nodes[1].1), (&node, Problem, Fine), "{nodes:?}");
    assert!(nodes[0].2.starts_with("does not answer"), "{nodes:?}");
    bench.control.clear_faults().await;
    for (lag_millis, expected) in [(60_000, Warning), (200_000, Problem), (0, Fine)] {
        // One of two replicas is enough: any of them may answer what matters.
        bench.control.put("/v1/mirrors/0", json!({"lag_millis": lag_millis})).await;
        let mirror = of(&bench, "", "MIRROR").await;
        assert_eq!(mirror[0].1, expected, "{mirror:?}");
    }
    bench.control.post("/v1/faults", json!({"kind": "mirror_error", "http_status": 503})).await;
    let mirror = of(&bench, "", "MIRROR").await;
    assert!(mirror[0].1 == Problem && mirror[0].2.starts_with("could not be found out"), "{mirror:?}");
    let database = of(&bench, "", "DATABASE").await;
    assert_eq!(database[0].1, Fine, "one trouble hides nothing else");
    bench.control.clear_faults().await;
    bench.control.post("/v1/faults", json!({"kind": "busy"})).await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(3).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    until(&bench, "", "NODE", Warning, "refused as BUSY").await;
    bench.control.clear_faults().await;
    bench.wait_end(&header.run_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_and_what_is_in_doubt_are_shown_with_why_and_until_when() {
    let bench = Bench::start().await;
    let pause = pb::PauseRequest {
        reason: "audit".to_owned(),
        scope: Some(pb::pause_request::Scope::Everything(())),
    };
    let mut pauses = PauseServiceClient::new(bench.channel());
    pauses.pause(bench.as_user(pause, "alice", "pause")).await.unwrap();
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let held = of(&bench, &header.run_id, "PAUSE").await;
    assert_eq!(held, [("everything".to_owned(), Warning, "paused by alice: audit".to_owned())]);
    let run = of(&bench, &header.run_id, "RUN").await;
    assert!(run[0].1 == Warning && run[0].2.ends_with("it is paused"), "{run:?}");
    bench.control.post("/v1/faults", json!({"kind": "lost_before"})).await;
    bench.control.post("/v1/faults", json!({"kind": "receipt_lost"})).await;
    bench.control.post("/v1/faults", json!({"kind": "mirror_error", "http_status": 503})).await;
    let resume = pb::ResumeRequest {
        reason: "done".to_owned(),
        scope: Some(pb::resume_request::Scope::Everything(())),
    };
    pauses.resume(bench.as_user(resume, "alice", "resume")).await.unwrap();
    let in_doubt = |run: &pb::Run| run.progress.as_ref().unwrap().in_doubt.as_ref().unwrap().payouts == 2;
    bench.wait(&header.run_id, "doubt", in_doubt).await;
    let doubts = of(&bench, &header.run_id, "DOUBT").await;
    let (_, outcome, seen) = &doubts[0];
    assert!(
        *outcome == Problem && seen.contains("for 2 payouts is not known; its window closed"),
        "{doubts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_not_there_is_the_callers_mistake() {
    let bench = Bench::start().await;
    let unknown = bench.header(&[(5, 1)]).run_id;
    assert_eq!(reason(&ask(&bench, &unknown).await.unwrap_err()), "RUN_NOT_FOUND");
    assert_eq!(ask(&bench, "run_nonsense").await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_or_a_network_that_is_away_is_named_and_hides_nothing_else() {
    let bench = start().await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(1..).collect();
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    bench.wait_end(&header.run_id).await;
    // Answered when the network is there again, which nobody waits for.
    let down = bench.control.post("/v1/restart", json!({"down_millis": 600_000}));
    tokio::select! {
        _ = down => panic!("the network is back"),
        () = without_network_and_database(&bench, &header.run_id) => {}
    }
}

async fn without_network_and_database(bench: &Bench, run: &str) {
    until(bench, run, "NODE", Problem, "does not answer").await;
    let checks = ask(bench, run).await.unwrap();
    let outcomes = |sort: &str| -> Vec<pb::DiagnosticOutcome> {
        checks.iter().filter(|check| check.check == sort).map(pb::DiagnosticCheck::outcome).collect()
    };
    assert_eq!(outcomes("NODE"), [Problem, Problem]);
    assert_eq!((outcomes("MIRROR"), outcomes("FUNDING")), (vec![Problem], vec![Problem]));
    assert_eq!(
        (outcomes("DATABASE"), outcomes("KEY"), outcomes("RUN")),
        (vec![Fine], vec![Fine], vec![Fine])
    );
    bench.cut_database().await;
    let checks = ask(bench, run).await.unwrap();
    for sort in ["DATABASE", "RUN", "PAUSE", "KEY"] {
        let of_it: Vec<_> = checks.iter().filter(|check| check.check == sort).collect();
        assert_eq!(of_it.len(), 1, "{sort}");
        assert_eq!(of_it[0].outcome(), Problem, "{of_it:?}");
        assert!(of_it[0].seen.starts_with("could not be found out"), "{of_it:?}");
    }
}
