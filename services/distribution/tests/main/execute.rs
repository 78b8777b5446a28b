//! From created to paid, and what is in the way.

use entitlements::{Leaf, RootBuilder};
use proto::distribution::v1 as pb;
use proto::execution::v1::RunState;
use proto::holder::v1::SnapshotState;
use proto::r#type::v1::recipient::Kind;
use tonic::Code;

use crate::stage::{Stage, reason};
use crate::support::{Handed, Run};

use pb::DistributionState::{Completed, Failed, Paused, Upcoming};

fn payees(run: &Run) -> Vec<(u32, String, String)> {
    let payee = |one: &proto::execution::v1::Instruction| {
        let Some(Kind::HederaAccount(account)) = one.recipient.as_ref().and_then(|to| to.kind.clone()) else {
            panic!("no recipient: {one:?}")
        };
        (one.ordinal, account, one.units.clone())
    };
    run.instructions.iter().map(payee).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distribution_is_calculated_executed_handed_over_once_and_followed_to_its_end() {
    let stage = Stage::new().await;
    let created = stage.create("c", stage.request()).await.expect("created");
    assert_eq!(created.state(), pb::DistributionState::Snapshotting);
    let calculated = stage.until(&created.id, Upcoming).await;
    assert_eq!(calculated.allowed_actions, [1, 3, 5], "EXECUTE, CANCEL and MODIFY");
    assert!(stage.world.facts().runs.is_empty(), "nothing is paid before it is executed");

    stage.execute("e", &created.id).await.expect("executed");
    let paid = stage.until(&created.id, Completed).await;
    let run = stage.world.facts().runs[&created.run_id].clone();
    let expected = [(0, "0.0.1001", "2"), (1, "0.0.1002", "1"), (2, "0.0.1003", "1"), (3, "0.0.65536", "1")];
    let expected: Vec<_> =
        expected.map(|(ordinal, account, units)| (ordinal, account.to_owned(), units.to_owned())).into();
    assert_eq!(payees(&run), expected);
    assert_eq!((run.header.count, run.header.total_units.as_str(), run.header.decimals), (4, "5", 6));
    assert_eq!(run.header.distribution_id, created.id);

    let mut root = RootBuilder::new();
    let uuid = created.run_id.parse::<ids::RunId>().expect("a run").as_uuid().into_bytes();
    for (ordinal, number, units) in [(0, 1001_u64, 2), (1, 1002, 1), (2, 1003, 1), (3, 65_536, 1)] {
        let asset = "hedera:sandbox/token:0.0.7000";
        root.push(&Leaf { run: uuid, ordinal, payee_key: &number.to_be_bytes(), units, asset })
            .expect("in order");
    }
    let root = root.finish().to_vec();
    assert_eq!(run.header.entitlement_root, root);
    assert_eq!(paid.entitlements.expect("numbers").entitlement_root, root);
    assert_eq!(paid.progress.and_then(|progress| progress.paid).map(|tally| tally.payouts), Some(4));
    assert!(paid.execute_time.is_some() && paid.end_time.is_some());

    let again = stage.execute("e2", &created.id).await.expect("it was paid");
    assert_eq!(again.state(), Completed);
    assert_eq!(stage.world.facts().handed, [Handed::Started(created.run_id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_executes_by_itself_waits_while_something_is_in_the_way_and_goes_on_when_it_is_not() {
    let stage = Stage::new().await;
    stage.world.facts().funding_units = 4;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    let paused = stage.until(&created.id, Paused).await;
    assert_eq!(paused.failure.expect("why").reason, "FUNDING_SHORT");
    let refused = stage.execute("e", &created.id).await.expect_err("still short");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "FUNDING_SHORT"));
    // What is said is what is in the way now.
    stage.world.facts().assets.values_mut().for_each(|asset| asset.paused = true);
    let other = |found: &pb::Distribution| found.failure.clone().unwrap_or_default().reason == "ASSET_PAUSED";
    assert_eq!(stage.when(&created.id, other).await.state(), Paused);
    {
        let mut facts = stage.world.facts();
        facts.assets.values_mut().for_each(|asset| asset.paused = false);
        facts.funding_units = 5;
    }
    stage.until(&created.id, Completed).await;
    assert_eq!(stage.world.facts().handed, [Handed::Started(created.run_id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn executing_is_refused_while_something_is_in_the_way_and_nothing_is_half_done() {
    let stage = Stage::new().await;
    let created = stage.create("c", stage.request()).await.expect("created");
    stage.until(&created.id, Upcoming).await;
    let refused = async |key: &str| {
        let refused = stage.execute(key, &created.id).await.expect_err("it is refused");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        reason(&refused)
    };
    stage.world.facts().fee_balance = 399;
    assert_eq!(refused("1").await, "FEE_BALANCE_SHORT");
    stage.world.facts().funding_units = 4;
    assert_eq!(refused("2").await, "FUNDING_SHORT");
    let token = stage.world.facts().payment_tokens.remove("0.0.7000").expect("it was accepted");
    assert_eq!(refused("3").await, "PAYMENT_TOKEN_NOT_ACCEPTED");
    stage.world.facts().assets.values_mut().for_each(|asset| asset.paused = true);
    assert_eq!(refused("4").await, "ASSET_PAUSED");
    assert_eq!(stage.get(&created.id).await.state(), Upcoming);
    {
        let mut facts = stage.world.facts();
        (facts.fee_balance, facts.funding_units) = (400, 5);
        facts.payment_tokens.insert("0.0.7000".to_owned(), token);
        facts.assets.values_mut().for_each(|asset| asset.paused = false);
    }
    // A refusal is no answer that a key remembers.
    stage.execute("1", &created.id).await.expect("executed");
    stage.until(&created.id, Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_to_pay_cannot_be_executed() {
    let stage = Stage::new().await;
    stage.world.facts().holders.retain(|holder| holder.account == "0.0.4096");
    let created = stage.create("c", stage.request()).await.expect("created");
    let calculated = stage.until(&created.id, Upcoming).await;
    assert_eq!(calculated.entitlements.expect("numbers").held_count, 1);
    let refused = stage.execute("e", &created.id).await.expect_err("nobody is paid");
    assert_eq!(reason(&refused), "NO_PAYEES");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_does_not_apply_names_the_state_and_what_does() {
    let stage = Stage::new().await;
    stage.world.facts().snapshot_state = SnapshotState::Running;
    let created = stage.create("c", stage.request()).await.expect("created");
    let refused = stage.execute("e", &created.id).await.expect_err("it is not calculated");
    let info = tonic_types::StatusExt::get_details_error_info(&refused).expect("info");
    assert_eq!(info.reason, "ACTION_NOT_ALLOWED");
    assert_eq!(
        (info.metadata["state"].as_str(), info.metadata["allowed_actions"].as_str()),
        ("SNAPSHOTTING", "CANCEL,MODIFY")
    );
    let unknown = format!("dst_{}", ids::Uuid::from_u128(7).simple());
    let refused = stage.execute("e", &unknown).await.expect_err("there is none");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "DISTRIBUTION_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_snapshot_fails_the_calculation_and_a_retry_takes_it_anew_under_its_id() {
    let stage = Stage::new().await;
    stage.world.facts().snapshot_state = SnapshotState::Failed;
    let created = stage.create("c", stage.request()).await.expect("created");
    let failed = stage.until(&created.id, Failed).await;
    assert_eq!(failed.failure.expect("why").reason, "MIRROR_UNAVAILABLE");
    stage.world.facts().snapshot_state = SnapshotState::Ready;
    assert_eq!(stage.retry("r", &created.id).await.expect("again").retried, 0);
    stage.until(&created.id, Upcoming).await;
    assert_eq!(stage.world.facts().snapshots.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_unpaid_payouts_is_failed_and_can_be_retried_to_its_end() {
    let stage = Stage::new().await;
    {
        let mut facts = stage.world.facts();
        (facts.run_state, facts.failed) = (RunState::Failed, 3);
    }
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    let failed = stage.until(&created.id, Failed).await;
    assert_eq!(failed.failure.expect("why").reason, "PAYOUTS_FAILED");
    assert_eq!(failed.allowed_actions, [2, 4, 8], "RETRY, RETRY_PAYOUTS, RERUN");
    stage.world.facts().run_state = RunState::Completed;
    let first = stage.retry("r", &created.id).await.expect("again");
    assert_eq!(first.retried, 3);
    assert_eq!(stage.retry("r", &created.id).await.expect("the first answer"), first);
    stage.until(&created.id, Completed).await;
    let handed = stage.world.facts().handed.clone();
    assert_eq!(handed, [Handed::Started(created.run_id.clone()), Handed::Retried(created.run_id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halted_run_pauses_the_distribution_until_it_is_retried() {
    let stage = Stage::new().await;
    stage.world.facts().run_state = RunState::Halted;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    let paused = stage.until(&created.id, Paused).await;
    assert_eq!(paused.failure.expect("why").reason, "INSUFFICIENT_TOKEN_BALANCE");
    stage.world.facts().assets.values_mut().for_each(|asset| asset.paused = true);
    let refused = stage.retry("r", &created.id).await.expect_err("the asset is paused");
    assert_eq!(reason(&refused), "ASSET_PAUSED");
    {
        let mut facts = stage.world.facts();
        facts.assets.values_mut().for_each(|asset| asset.paused = false);
        facts.run_state = RunState::Completed;
    }
    stage.retry("r", &created.id).await.expect("again");
    stage.until(&created.id, Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_sees_every_phase_and_the_stream_ends_with_the_distribution() {
    let stage = Stage::new().await;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    let message = pb::WatchDistributionRequest { distribution_id: created.id.clone() };
    let answer = stage.client().watch_distribution(stage.read(message)).await.expect("a stream");
    let mut stream = answer.into_inner();
    let mut last = None;
    while let Some(message) = stream.message().await.expect("no error") {
        last = message.distribution;
    }
    assert_eq!(last.expect("at least one").state(), Completed);
    let unknown = format!("dst_{}", ids::Uuid::from_u128(7).simple());
    let message = pb::WatchDistributionRequest { distribution_id: unknown };
    let refused = stage.client().watch_distribution(stage.read(message)).await.expect_err("there is none");
    assert_eq!(reason(&refused), "DISTRIBUTION_NOT_FOUND");
}
