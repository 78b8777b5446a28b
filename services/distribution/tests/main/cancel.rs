//! `CancelDistribution`: once it has returned nothing new is sent.

use std::time::Duration;

use proto::distribution::v1 as pb;
use proto::execution::v1::RunState;
use proto::holder::v1::SnapshotState;

use crate::stage::{Stage, reason};
use crate::support::{Handed, World};

use pb::DistributionState::{Cancelled, Completed, Ongoing, Upcoming};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_executed_is_cancelled_at_once_and_never_paid() {
    let stage = Stage::new().await;
    let created = stage.create("c", stage.request()).await.expect("created");
    stage.until(&created.id, Upcoming).await;
    let cancelled = stage.cancel("x", &created.id).await.expect("cancelled");
    assert_eq!((cancelled.state(), cancelled.cancel_reason.as_str()), (Cancelled, "wrong rate"));
    assert!(cancelled.allowed_actions.is_empty() && cancelled.end_time.is_some());
    assert_eq!(stage.cancel("x2", &created.id).await.expect("it is cancelled").state(), Cancelled);
    let refused = stage.execute("e", &created.id).await.expect_err("it is cancelled");
    assert_eq!(reason(&refused), "ACTION_NOT_ALLOWED");
    assert!(stage.world.facts().handed.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calculation_under_way_does_not_undo_a_cancel() {
    let stage = Stage::new().await;
    stage.world.facts().snapshot_state = SnapshotState::Running;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    while stage.world.facts().snapshots_taken == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stage.cancel("x", &created.id).await.expect("cancelled");
    stage.world.facts().snapshots.values_mut().for_each(|snapshot| snapshot.set_state(SnapshotState::Ready));
    tokio::time::sleep(Duration::from_millis(700)).await;
    let found = stage.get(&created.id).await;
    assert_eq!(found.state(), Cancelled);
    assert!(found.entitlements.is_none() && stage.world.facts().handed.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_run_is_cancelled_before_the_call_returns() {
    let stage = Stage::new().await;
    stage.world.facts().run_state = RunState::Running;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    while stage.world.facts().runs.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stage.cancel("x", &created.id).await.expect("cancelled");
    assert_eq!(stage.world.facts().runs[&created.run_id].state, RunState::Cancelled);
    stage.until(&created.id, Cancelled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_races_a_handover_wins_and_the_run_is_refused_for_ever() {
    let stage = Stage::new().await;
    World::close(&stage.world.before_start);
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    stage.until(&created.id, Ongoing).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    stage.cancel("x", &created.id).await.expect("cancelled");
    // The handover that was on its way arrives after the cancel has returned.
    World::open(&stage.world.before_start);
    stage.until(&created.id, Cancelled).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let facts = stage.world.facts();
    assert!(facts.runs.is_empty(), "a run began after the cancel: {:?}", facts.handed);
    assert!(facts.handed.contains(&Handed::Refused(created.run_id)), "it never arrived: {:?}", facts.handed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_comes_too_late_leaves_the_run_as_it_ended() {
    let stage = Stage::new().await;
    stage.world.facts().run_state = RunState::Running;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    while stage.world.facts().runs.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Between execution's end and our knowledge of it.
    stage.world.facts().runs.values_mut().for_each(|run| run.state = RunState::Completed);
    let late = stage.cancel("x", &created.id).await;
    let done = stage.until(&created.id, Completed).await;
    match late {
        Ok(_) => assert!(done.allowed_actions.is_empty()),
        Err(refused) => assert_eq!(reason(&refused), "ACTION_NOT_ALLOWED", "it was known already"),
    }
}
