//! Distribution killed and frozen at every place between a schedule and its run: one occurrence, one snapshot, one approval where
//! one is asked for, one run, and everybody paid once by the network's own ledger.

use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, SystemTime};

use auth::Role;
use bursar_tests::seen::{is, owed, paid_once, unless_down, until};
use distribution::failpoints;
use prost_types::Timestamp;
use proto::distribution::v1::timing::{Recurrence, Start};
use proto::distribution::v1::{
    ApprovalTier, ApproveDistributionRequest, CatchUpPolicy, CreateScheduleRequest, DistributionState,
    Frequency, GetDistributionRequest, GetScheduleRequest, ListOccurrencesRequest, Occurrence,
    OccurrenceState, Schedule, ScheduleState, ScheduleTerms, SetApprovalPolicyRequest, Timing,
};
use proto::execution::v1::ListRunsRequest;
use proto::holder::v1::ListSnapshotsRequest;
use test_harness::{Edge, HarnessError, Processes, Program, Scenario, Terms, terms_of, wait};
use tokio_postgres::NoTls;
use tonic::Status;

const ROLES: [Role; 4] = [Role::Payout, Role::Pauser, Role::PaymentTokenManager, Role::Admin];
const WITHIN: Duration = Duration::from_mins(2);
const HOLDERS: u64 = 30;
/// Until the occurrence falls due: the call that creates the schedule is answered before.
const AHEAD: Duration = Duration::from_secs(2);
/// Of a distribution, or until another replica goes on with it.
const LEASE: Duration = Duration::from_secs(2);
const LEASE_S: &str = "2";
const SIGKILL: i32 = 9;
const NANOS: u64 = 1_000_000_000;

fn after(wait: Duration) -> Timestamp {
    Timestamp::from(SystemTime::now() + wait)
}

/// Falls due once, and pays by itself.
fn once(scenario: &Scenario, at: Timestamp) -> CreateScheduleRequest {
    let terms = ScheduleTerms { execute_now: true, ..terms_of(scenario.request.clone()) };
    let timing = Timing {
        recurrence: Some(Recurrence::Frequency(Frequency::Once.into())),
        time_zone: "UTC".to_owned(),
        start: Some(Start::StartTime(at)),
        ..Timing::default()
    };
    CreateScheduleRequest {
        terms: Some(terms),
        timing: Some(timing),
        catch_up: CatchUpPolicy::All.into(),
        ..CreateScheduleRequest::default()
    }
}

async fn ended(edge: &Edge, id: &str) -> Schedule {
    let found = wait::until("the end of the schedule", WITHIN, async || {
        let request = GetScheduleRequest { schedule_id: id.to_owned() };
        let found = unless_down(edge.schedules().get_schedule(request).await)?;
        let schedule = found.and_then(|answer| answer.schedule);
        Ok::<_, HarnessError>(schedule.filter(|found| found.state() == ScheduleState::Ended))
    });
    found.await.expect("in time")
}

async fn occurrences(edge: &Edge, id: &str) -> Vec<Occurrence> {
    let request = ListOccurrencesRequest { schedule_id: id.to_owned(), ..ListOccurrencesRequest::default() };
    edge.schedules().list_occurrences(request).await.expect("a page").into_inner().occurrences
}

/// How many rows the distribution service has for the schedule: occurrences, and distributions of its asset.
async fn rows(processes: &Processes, asset: &str, schedule: &str) -> (i64, i64) {
    let db = processes.cluster().provision("distribution").await.expect("it is there");
    let (client, connection) = tokio_postgres::connect(&db.owner_url, NoTls).await.expect("connected");
    tokio::spawn(connection);
    let uuid = |id: &str| id.split_once('_').expect("a prefix").1.to_owned();
    let query = "SELECT (SELECT count(*) FROM occurrence WHERE replace(schedule_id::text, '-', '') = $1),
                        (SELECT count(*) FROM distribution WHERE replace(asset_id::text, '-', '') = $2)";
    let row = client.query_one(query, &[&uuid(schedule), &uuid(asset)]).await.expect("counted");
    (row.get(0), row.get(1))
}

/// One occurrence, one snapshot, one run, and each payee paid once.
async fn assert_once(processes: &Processes, edge: &Edge, scenario: &Scenario, schedule: &Schedule) {
    let control = processes.control().expect("a sandbox");
    let ended = ended(edge, &schedule.id).await;
    let seen = occurrences(edge, &schedule.id).await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].state(), OccurrenceState::Fired);
    assert_eq!(ended.last_occurrence.as_ref(), seen.first());
    let distribution = until(edge, &seen[0].distribution_id, is(DistributionState::Completed)).await;
    assert_eq!(distribution.record_time, seen[0].due_time);
    assert_eq!(rows(processes, &scenario.asset_id, &schedule.id).await, (1, 1));
    let asset_id = scenario.asset_id.clone();
    let request = ListSnapshotsRequest { asset_id, ..ListSnapshotsRequest::default() };
    let snapshots = edge.holders().list_snapshots(request).await.expect("a page").into_inner().snapshots;
    assert_eq!(snapshots.len(), 1, "{snapshots:?}");
    let due = seen[0].due_time.expect("it fell due");
    let due_ns = due.seconds.unsigned_abs() * NANOS + u64::from(due.nanos.unsigned_abs());
    assert_eq!(snapshots[0].record_time, Some(due));
    assert!(snapshots[0].consensus_ns.unsigned_abs() <= due_ns, "balances of after the record time");
    let request = ListRunsRequest { distribution_id: distribution.id.clone(), ..ListRunsRequest::default() };
    let runs = edge.execution().list_runs(request).await.expect("a page").into_inner().runs;
    assert_eq!(runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), [distribution.run_id.as_str()]);
    let owed = owed(edge, &distribution.id).await;
    assert!(!owed.is_empty());
    assert_eq!(paid_once(&control, &scenario.payment_token_id).await, owed);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_place_between_schedule_and_run_an_occurrence_is_one_snapshot_and_one_run() {
    let settings = [(Program::Distribution, "BURSAR_LEASE_S", LEASE_S)];
    let mut processes = Processes::start_with(&settings).await.expect("started");
    let edge = processes.edge("ann", &ROLES).expect("an address");
    let approver = processes.edge("bo", &[Role::Approver]).expect("an address");
    let control = processes.control().expect("a sandbox");
    for failpoint in failpoints::OCCURRENCE {
        let terms = Terms { holders: HOLDERS, ..Terms::default() };
        let scenario = Scenario::build(&edge, &control, terms).await.expect("built");
        processes.set(Program::Distribution, "BURSAR_FAILPOINT", &format!("{failpoint}:kill"));
        restart(&mut processes).await;
        let approving = asks_for_approval(&edge, &scenario, failpoint).await;
        let schedule = create(&edge, &scenario).await;
        if approving {
            // It dies of this.
            drop(approve(&edge, &approver, &schedule).await);
        }
        let exit = processes.wait_for_exit(Program::Distribution, WITHIN).await.expect("it was reached");
        assert_eq!(exit.signal(), Some(SIGKILL), "{failpoint}");
        processes.unset(Program::Distribution, "BURSAR_FAILPOINT");
        restart(&mut processes).await;
        if approving {
            // Whether or not the first was heard.
            approve(&edge, &approver, &schedule).await.expect("approved");
        }
        assert_once(&processes, &edge, &scenario, &schedule).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_at_every_place_while_a_second_replica_goes_on_an_occurrence_is_one_snapshot_and_one_run() {
    let programs = [Program::Distribution, Program::SecondDistribution];
    let settings = programs.map(|program| (program, "BURSAR_LEASE_S", LEASE_S));
    let mut processes = Processes::start_with(&settings).await.expect("started");
    let edge = processes.edge("ann", &ROLES).expect("an address");
    let approver = processes.edge("bo", &[Role::Approver]).expect("an address");
    let control = processes.control().expect("a sandbox");
    for failpoint in failpoints::OCCURRENCE {
        let terms = Terms { holders: HOLDERS, ..Terms::default() };
        let scenario = Scenario::build(&edge, &control, terms).await.expect("built");
        processes.set(Program::Distribution, "BURSAR_FAILPOINT", &format!("{failpoint}:stop"));
        restart(&mut processes).await;
        let approving = asks_for_approval(&edge, &scenario, failpoint).await;
        let schedule = create(&edge, &scenario).await;
        let approval = async {
            if approving {
                approve(&edge, &approver, &schedule).await.expect("approved once it goes on");
            }
        };
        let freezing = async {
            processes.wait_until_frozen(Program::Distribution, WITHIN).await.expect("it was reached");
            processes.spawn(Program::SecondDistribution).expect("started");
            processes.ready(Program::SecondDistribution).await.expect("ready");
            // Long enough for the second to take over whatever the first holds no lock of.
            tokio::time::sleep(2 * LEASE).await;
            processes.thaw(Program::Distribution).expect("it goes on");
        };
        tokio::join!(approval, freezing);
        assert_once(&processes, &edge, &scenario, &schedule).await;
        processes.kill(Program::SecondDistribution).expect("killed");
    }
}

/// Asks one person to approve what is paid in the scenario's token, where that is what is looked at.
async fn asks_for_approval(edge: &Edge, scenario: &Scenario, failpoint: &str) -> bool {
    if !failpoint.starts_with("approve.") {
        return false;
    }
    let request = SetApprovalPolicyRequest {
        payment_token: scenario.request.payment_token.clone(),
        tiers: vec![ApprovalTier { from_units: "0".to_owned(), approvers: 1 }],
        ..SetApprovalPolicyRequest::default()
    };
    edge.approvals().set_approval_policy(request).await.expect("set");
    true
}

/// Somebody else approves what the schedule fired, once it waits for that.
async fn approve(edge: &Edge, approver: &Edge, schedule: &Schedule) -> Result<(), Status> {
    let asked = wait::until("a request for approval", WITHIN, async || {
        let Some(fired) = occurrences(edge, &schedule.id).await.pop() else { return Ok(None) };
        let request = GetDistributionRequest { distribution_id: fired.distribution_id };
        let found = unless_down(edge.distributions().get_distribution(request).await)?;
        let distribution = found.and_then(|answer| answer.distribution);
        Ok::<_, HarnessError>(distribution.and_then(|found| Some((found.id, found.approval?.hash))))
    });
    let (distribution_id, hash) = asked.await.expect("in time");
    let request = ApproveDistributionRequest { distribution_id, hash };
    approver.approvals().approve_distribution(request).await.map(drop)
}

async fn create(edge: &Edge, scenario: &Scenario) -> Schedule {
    let request = once(scenario, after(AHEAD));
    let created = edge.schedules().create_schedule(request).await.expect("created");
    created.into_inner().schedule.expect("a schedule")
}

async fn restart(processes: &mut Processes) {
    processes.restart(Program::Distribution).expect("started");
    processes.ready(Program::Distribution).await.expect("ready");
}
