//! A pause by command, while a distribution is being paid.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bursar::edge::{Credentials, Edge};
use bursar::sandbox_control::SandboxControl;
use proto::execution::v1::{GetRunRequest, Run, RunState};
use serde_json::{Value, json};

use crate::program::{Up, folder, json as printed, output};

const WITHIN: Duration = Duration::from_mins(2);
/// Attempts of 9 payees each; a second sees four of them.
const SLOWLY: [&str; 5] = ["--sandbox", "--transactions-per-second", "4", "--valid-duration-s", "20"];
const HOLDERS: u64 = 150;
/// Time for many attempts, were the run not held.
const A_WHILE: Duration = Duration::from_secs(3);

/// Tokens of a share with holders, and of what they are paid in.
async fn tokens(control: &SandboxControl) -> (String, String) {
    let operator = control.network().await.expect("a network").operator.account_id;
    let holders = json!({ "count": HOLDERS, "seed": 1 });
    let share = json!({ "name": "Acme", "symbol": "ACME", "decimals": 8, "holders": holders });
    let share = control.create_token(&share).await.expect("created").token_id;
    let dollar = json!({
        "name": "Dollar", "symbol": "USD", "decimals": 6, "treasury": operator, "treasury_units": 1_000_000_000_000_u64,
    });
    (share, control.create_token(&dollar).await.expect("created").token_id)
}

/// The run as soon as it is as wanted.
async fn run_that(edge: &Edge, run_id: &str, what: &str, wanted: impl Fn(&Run) -> bool) -> Run {
    let began = Instant::now();
    loop {
        let request = GetRunRequest { run_id: run_id.to_owned() };
        // Until it is handed over it is not there.
        let run = edge.execution().get_run(request).await.ok().and_then(|answer| answer.into_inner().run);
        match run {
            Some(run) if wanted(&run) => return run,
            seen => assert!(began.elapsed() < WITHIN, "waited too long for {what}: {seen:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn wait_until(so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < WITHIN, "waited too long");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn attempts(run: &Run) -> u64 {
    run.progress.as_ref().map_or(0, |progress| progress.attempts)
}

fn in_flight(run: &Run) -> u64 {
    let tally = run.progress.as_ref().and_then(|progress| progress.processing.as_ref());
    tally.map_or(0, |tally| tally.payouts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_asset_holds_its_run_and_unpaused_it_pays_everybody_once() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &SLOWLY);
    let call = |words: &[&str]| printed(&[words, &["--data", data, "--json"]].concat());
    let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
    let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
    let (share, dollar) = tokens(&control).await;
    let asset = id(&call(&["asset", "import", &share, "--type", "equity"]));
    call(&["holders", "sync", &asset]);
    call(&["payment-token", "add", &dollar]);
    let funding = id(&call(&["funding", "create", "main", "--account", up.address("operator_account")]));
    let terms = ["distribution", "create", "--asset", &asset, "--label", "Q3", "--kind", "dividend"];
    let money = ["--pool", "1000", "--payment-token", &dollar, "--funding", &funding, "--batch-size", "9"];
    let created = call(&[terms.as_slice(), &money].concat());
    let (distribution, run_id) = (id(&created), created["run_id"].as_str().expect("a run").to_owned());
    let viewer = output(&["token", "--role", "VIEWER", "--data", data]).stdout;
    let viewer = Credentials::bearer(&String::from_utf8(viewer).expect("text")).expect("a token");
    let edge = Edge::connect(up.address("gateway"), viewer).await.expect("connected");

    call(&["distribution", "execute", &distribution]);
    run_that(&edge, &run_id, "the first payments", |run| attempts(run) >= 3).await;
    let paused = call(&["asset", "pause", &asset, "--reason", "court order"]);
    assert_eq!((&paused["paused"], &paused["pause_reason"]), (&true.into(), &"court order".into()));
    let held = run_that(&edge, &run_id, "the run", |_| true).await;
    assert_eq!((held.state(), &held.asset_id), (RunState::Paused, &asset), "{held:?}");
    let why: Vec<&str> = held.pauses.iter().map(|pause| pause.reason.as_str()).collect();
    assert_eq!(why, ["court order"]);
    let state = || call(&["distribution", "list"])[0]["state"].as_str().unwrap_or_default().to_owned();
    wait_until(|| state() == "DISTRIBUTION_STATE_PAUSED").await;
    tokio::time::sleep(A_WHILE).await;
    let still = run_that(&edge, &run_id, "what is in flight", |run| in_flight(run) == 0).await;
    assert_eq!((still.state(), attempts(&still)), (RunState::Paused, attempts(&held)), "{still:?}");

    let unpaused = call(&["asset", "unpause", &asset, "--reason", "order lifted"]);
    assert_eq!(unpaused["paused"], false);
    run_that(&edge, &run_id, "the end", |run| run.state() == RunState::Completed).await;
    wait_until(|| state() == "DISTRIBUTION_STATE_COMPLETED").await;
    let mut paid: BTreeMap<String, u32> = BTreeMap::new();
    for effect in control.effects(&dollar).await.expect("the ledger") {
        *paid.entry(effect.account).or_default() += 1;
    }
    assert!(paid.values().all(|effects| *effects == 1), "{paid:?}");
    assert_eq!(created["entitlements"]["payee_count"], paid.len());
    assert!(attempts(&held) < HOLDERS / 9, "it was paused before its end");
    assert!(up.stop().success());
}
