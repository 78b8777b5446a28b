//! The job with several replicas, and with replicas that die.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::distribution::v1 as pb;

use crate::stage::Stage;
use crate::support::{Handed, World};

use pb::DistributionState::{Completed, Ongoing};

fn starts(stage: &Stage) -> BTreeMap<String, usize> {
    let mut starts = BTreeMap::new();
    for handed in &stage.world.facts().handed {
        if let Handed::Started(run) = handed {
            *starts.entry(run.clone()).or_default() += 1;
        }
    }
    starts
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_race_for_the_same_distributions_make_one_run_of_each() {
    let mut stage = Stage::new().await;
    stage.add_replica();
    stage.add_replica();
    let mut ids = Vec::new();
    for number in 0..12 {
        let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
        ids.push(stage.create(&format!("c{number}"), request).await.expect("created").id);
    }
    for id in &ids {
        stage.until(id, Completed).await;
    }
    let starts = starts(&stage);
    assert_eq!(starts.len(), ids.len());
    assert!(starts.values().all(|times| *times == 1), "{starts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_handover_is_harmless() {
    let stage = Stage::new().await;
    stage.world.facts().lose_start_answers = 1;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    stage.until(&created.id, Completed).await;
    assert_eq!(starts(&stage), BTreeMap::from([(created.run_id, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_killed_after_the_run_was_accepted_is_taken_over_and_nothing_is_handed_over_twice() {
    let mut stage = Stage::new().await;
    World::close(&stage.world.before_answer);
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    while stage.world.facts().runs.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Accepted there, unknown here.
    assert_eq!(stage.get(&created.id).await.state(), Ongoing);
    stage.replicas.remove(0).kill();
    World::open(&stage.world.before_answer);
    stage.add_replica();
    stage.until(&created.id, Completed).await;
    assert_eq!(starts(&stage), BTreeMap::from([(created.run_id, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_killed_in_the_middle_of_a_handover_leaves_nothing_and_the_next_one_starts_over() {
    let mut stage = Stage::new().await;
    World::close(&stage.world.before_start);
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    stage.until(&created.id, Ongoing).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    stage.replicas.remove(0).kill();
    tokio::time::sleep(Duration::from_millis(200)).await;
    World::open(&stage.world.before_start);
    stage.add_replica();
    stage.until(&created.id, Completed).await;
    assert_eq!(starts(&stage).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_payees_arrive_in_order_and_complete() {
    let stage = Stage::new().await;
    {
        let holder =
            |number| crate::support::snapshot_holder(number, 1_000, proto::holder::v1::HolderKind::Account);
        let mut facts = stage.world.facts();
        facts.holders = (3_000..8_000).map(holder).collect();
        facts.total_supply = 5_000_000;
        facts.fee_balance = 1_000_000;
    }
    let mut request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let rule = pb::amount_rule::Rule::PerToken("0.5".to_owned());
    request.amount_rule = Some(pb::AmountRule { rule: Some(rule) });
    stage.world.facts().funding_units = u128::from(u64::MAX);
    let created = stage.create("c", request).await.expect("created");
    stage.until(&created.id, Completed).await;
    let run = stage.world.facts().runs[&created.run_id].clone();
    // 1,000 units of 2 decimals are 10 whole tokens, at half a USDC of 6 decimals each.
    assert!(run.instructions.iter().all(|one| one.units == "5000000"));
    assert_eq!(run.header.total_units, "25000000000");
    assert_eq!(run.instructions.len(), 5_000);
}
