//! A new distribution from the unpaid payees of an ended one.

use std::collections::BTreeMap;
use std::time::Duration;

use ids::DistributionId;
use proto::distribution::v1 as pb;
use proto::execution::v1::RunState;
use tonic::{Code, Status};

use crate::stage::{Stage, fields, reason};
use crate::support::{Handed, World};

use pb::DistributionAction::{Cancel, Execute, Modify, Rerun, RetryPayouts};
use pb::DistributionState::{Cancelled, Completed, Failed, Paused, Upcoming};

impl Stage {
    pub(crate) async fn rerun(
        &self,
        key: &str,
        request: pb::RerunDistributionRequest,
    ) -> Result<pb::Distribution, Status> {
        let answer = self.client().rerun_distribution(self.write(key, request)).await?;
        Ok(answer.into_inner().distribution.expect("a distribution"))
    }
}

fn of(old: &pb::Distribution) -> pb::RerunDistributionRequest {
    pb::RerunDistributionRequest { distribution_id: old.id.clone(), ..Default::default() }
}

fn edit(account: &str, units: &str, new_account: &str) -> pb::PayeeEdit {
    pb::PayeeEdit {
        account: account.to_owned(),
        units: units.to_owned(),
        new_account: new_account.to_owned(),
    }
}

/// What execution was handed for a run: whom it pays how much, and what each replaces.
fn handed(stage: &Stage, run: &str) -> BTreeMap<String, (String, Option<u32>)> {
    use proto::r#type::v1::recipient::Kind;
    let facts = stage.world.facts();
    let instructions = facts.runs[run].instructions.iter();
    instructions
        .map(|one| {
            let Some(Kind::HederaAccount(account)) = one.recipient.clone().and_then(|to| to.kind) else {
                panic!("nobody")
            };
            (account, (one.units.clone(), one.supersedes))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unpaid_are_paid_by_a_new_distribution_that_replaces_their_old_payouts() {
    let stage = Stage::new().await;
    let old = stage.failed(2).await;
    let owed = handed(&stage, &old.run_id);
    let new = stage.rerun("r", of(&old)).await.expect("created");
    assert_eq!(stage.rerun("r", of(&old)).await.expect("the same").id, new.id);
    assert_eq!((new.rerun_of.as_str(), new.label.as_str()), (old.id.as_str(), old.label.as_str()));
    assert_eq!((new.kind, &new.asset_id, &new.payment_token), (old.kind, &old.asset_id, &old.payment_token));
    assert_eq!((&new.funding_account_id, new.retry_policy), (&old.funding_account_id, old.retry_policy));
    let calculated = stage.until(&new.id, Upcoming).await;
    assert_eq!(calculated.allowed_actions().collect::<Vec<_>>(), [Execute, Cancel, Modify]);
    assert_eq!(calculated.entitlements.expect("numbers").payee_count, 2);
    assert!(!stage.world.facts().runs.contains_key(&new.run_id), "nothing is paid before it is executed");
    assert_eq!(stage.get(&old.id).await.state(), Failed);

    stage.execute("e2", &new.id).await.expect("executed");
    stage.until(&new.id, Completed).await;
    assert_eq!(stage.world.facts().runs[&new.run_id].header.supersedes_run_id, old.run_id);
    let again = handed(&stage, &new.run_id);
    assert_eq!(again.values().map(|(_, replaces)| *replaces).collect::<Vec<_>>(), [Some(2), Some(3)]);
    for (account, (units, _)) in &again {
        assert_eq!(*units, owed[account].0);
    }
    // The old one has nothing unpaid any more.
    let done = stage.until(&old.id, Completed).await;
    assert_eq!(done.allowed_actions().count(), 0);
    let refused = stage.rerun("r2", of(&old)).await.expect_err("nothing is left");
    assert_eq!(reason(&refused), "ACTION_NOT_ALLOWED");
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_payees_get_another_amount_or_account_and_the_others_stay_unpaid() {
    let stage = Stage::new().await;
    let old = stage.failed(3).await;
    let payees: Vec<String> = handed(&stage, &old.run_id).into_keys().collect();
    let [_, second, third, _] = payees.as_slice() else { panic!("{payees:?}") };
    let request = pb::RerunDistributionRequest {
        label: "Again".to_owned(),
        accounts: vec![second.clone(), third.clone()],
        edits: vec![edit(second, "77", ""), edit(third, "", "0.0.900000")],
        ..of(&old)
    };
    let new = stage.rerun("r", request).await.expect("created");
    assert_eq!(new.label, "Again");
    stage.until(&new.id, Upcoming).await;
    stage.execute("e2", &new.id).await.expect("executed");
    stage.until(&new.id, Completed).await;
    let again = handed(&stage, &new.run_id);
    assert_eq!(again[second], ("77".to_owned(), Some(1)));
    assert_eq!(again["0.0.900000"].1, Some(2));
    assert_eq!(again.len(), 2);
    let left = stage.get(&old.id).await;
    assert_eq!((left.state(), left.allowed_actions().any(|action| action == Rerun)), (Failed, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_old_payouts_cannot_be_replaced_it_says_so_and_cancelling_leaves_them_as_they_are() {
    let stage = Stage::new().await;
    let old = stage.failed(2).await;
    let new = stage.rerun("r", of(&old)).await.expect("created");
    stage.until(&new.id, Upcoming).await;
    stage.world.facts().not_replaceable = true;
    stage.execute("e2", &new.id).await.expect("executed");
    let paused = stage.until(&new.id, Paused).await;
    let failure = paused.failure.clone().expect("why");
    assert_eq!(failure.reason, "PREDECESSOR_NOT_REPLACEABLE");
    assert!(failure.hint.contains("rerun again"), "{failure:?}");
    assert!(paused.allowed_actions().any(|action| action == Cancel));
    stage.cancel("x", &new.id).await.expect("cancelled");
    stage.until(&new.id, Cancelled).await;
    assert!(!stage.world.facts().runs.contains_key(&new.run_id));
    assert!(stage.world.facts().handed.contains(&Handed::Cancelled(new.run_id.clone())));
    assert_eq!(stage.get(&old.id).await.state(), Failed);
    // Rerun again, it goes.
    stage.world.facts().not_replaceable = false;
    let next = stage.rerun("r2", of(&old)).await.expect("created");
    stage.until(&next.id, Upcoming).await;
    stage.execute("e3", &next.id).await.expect("executed");
    stage.until(&next.id, Completed).await;
    stage.until(&old.id, Completed).await;
    let refused = stage.rerun("r3", of(&new)).await.expect_err("it was never handed over");
    assert_eq!(reason(&refused), "NOTHING_TO_RERUN");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cancelled_distribution_did_not_pay_is_rerun() {
    let stage = Stage::new().await;
    {
        let mut facts = stage.world.facts();
        facts.run_state = RunState::Running;
        facts.paid_when_cancelled = [0, 2].into();
    }
    let created = stage.create("c", stage.request()).await.expect("created");
    stage.until(&created.id, Upcoming).await;
    stage.execute("e", &created.id).await.expect("executed");
    let refused = stage.rerun("early", of(&created)).await.expect_err("it is being paid");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "ACTION_NOT_ALLOWED"));
    stage.until(&created.id, pb::DistributionState::Ongoing).await;
    while !stage.world.facts().runs.contains_key(&created.run_id) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stage.cancel("x", &created.id).await.expect("cancelled");
    let ended = stage.until(&created.id, Cancelled).await;
    assert_eq!(ended.allowed_actions().collect::<Vec<_>>(), [Rerun]);
    {
        let mut facts = stage.world.facts();
        facts.run_state = RunState::Completed;
        facts.runs.values_mut().for_each(|run| run.failed = 2);
    }
    let new = stage.rerun("r", of(&ended)).await.expect("created");
    stage.until(&new.id, Upcoming).await;
    stage.execute("e2", &new.id).await.expect("executed");
    stage.until(&new.id, Completed).await;
    let replaced: Vec<_> = handed(&stage, &new.run_id).into_values().map(|(_, replaces)| replaces).collect();
    assert_eq!(replaced, [Some(1), Some(3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_by_their_fields_and_nothing_is_created() {
    let stage = Stage::new().await;
    let old = stage.failed(2).await;
    let payees: Vec<String> = handed(&stage, &old.run_id).into_keys().collect();
    let (unpaid, other) = (&payees[2], &payees[3]);
    let cases: [(pb::RerunDistributionRequest, &str, &str); 9] = [
        (
            pb::RerunDistributionRequest { accounts: vec!["0.0.123456".to_owned()], ..of(&old) },
            "accounts",
            "NOT_A_PAYEE",
        ),
        (
            pb::RerunDistributionRequest { accounts: vec![unpaid.clone(), unpaid.clone()], ..of(&old) },
            "accounts[1]",
            "DUPLICATE",
        ),
        (
            pb::RerunDistributionRequest { edits: vec![edit(unpaid, "0", "")], ..of(&old) },
            "edits[0].units",
            "OUT_OF_RANGE",
        ),
        (
            pb::RerunDistributionRequest { edits: vec![edit(unpaid, "1e3", "")], ..of(&old) },
            "edits[0].units",
            "MALFORMED",
        ),
        (
            pb::RerunDistributionRequest { edits: vec![edit(unpaid, "", "")], ..of(&old) },
            "edits[0].units",
            "REQUIRED",
        ),
        (
            pb::RerunDistributionRequest { edits: vec![edit(unpaid, "", other)], ..of(&old) },
            "edits.new_account",
            "DUPLICATE",
        ),
        (
            pb::RerunDistributionRequest { edits: vec![edit(unpaid, "", "0.0.2001")], ..of(&old) },
            "edits.new_account",
            "NEVER_PAID",
        ),
        (
            pb::RerunDistributionRequest {
                accounts: vec![other.clone()],
                edits: vec![edit(unpaid, "5", "")],
                ..of(&old)
            },
            "edits[0].account",
            "NOT_CHOSEN",
        ),
        (
            pb::RerunDistributionRequest {
                edits: vec![edit(unpaid, "5", ""), edit(unpaid, "6", "")],
                ..of(&old)
            },
            "edits[1].account",
            "DUPLICATE",
        ),
    ];
    for (place, (request, field, why)) in cases.into_iter().enumerate() {
        let refused = stage.rerun(&format!("k{place}"), request).await.expect_err(why);
        assert_eq!(fields(&refused), [(field.to_owned(), why.to_owned())]);
    }
    assert_nothing_was_created(&stage).await;
}

async fn assert_nothing_was_created(stage: &Stage) {
    let list = pb::ListDistributionsRequest::default();
    let all = stage.client().list_distributions(stage.read(list)).await.expect("a list").into_inner();
    assert_eq!(all.distributions.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_paid_is_not_paid_anew() {
    let stage = Stage::new().await;
    let old = stage.failed(2).await;
    assert!(old.allowed_actions().any(|action| action == RetryPayouts));
    let paid = handed(&stage, &old.run_id).into_keys().next().expect("a payee");
    let named = pb::RerunDistributionRequest { accounts: vec![paid.clone()], ..of(&old) };
    let refused = stage.rerun("paid", named).await.expect_err("it is paid");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "NOT_REPLACEABLE"));
    assert!(refused.message().contains(&paid) && refused.message().contains("PAID"), "{refused}");
    let edited = pb::RerunDistributionRequest { edits: vec![edit(&paid, "5", "")], ..of(&old) };
    let refused = stage.rerun("edited", edited).await.expect_err("it is paid");
    assert_eq!(reason(&refused), "NOT_REPLACEABLE");
    assert_nothing_was_created(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rerun_supersedes_is_done_with_whoever_hears_of_its_run_first() {
    let mut stage = Stage::new().await;
    let old = stage.failed(2).await;
    let new = stage.rerun("r", of(&old)).await.expect("created");
    stage.until(&new.id, Upcoming).await;
    let [id, old_id] = [&new.id, &old.id].map(|id| id.parse::<DistributionId>().expect("an id").as_uuid());
    stage.sql(&format!("INSERT INTO carry_reservation VALUES ('{id}', 1003, '{old_id}', 2, 5)")).await;
    (stage.world.facts().run_state, stage.world.facts().failed) = (RunState::Running, 1);
    World::close(&stage.world.before_answer);
    stage.execute("e2", &new.id).await.expect("executed");
    while !stage.world.facts().runs.contains_key(&new.run_id) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Execution has it, and the job dies before it hears of that; nobody takes over yet.
    stage.replicas.pop().expect("one").kill();
    let leased = "UPDATE distribution_state SET lease_epoch = lease_epoch + 1, lease_until =";
    stage.sql(&format!("{leased} now() + interval '1 hour' WHERE distribution_id = '{id}'")).await;
    World::open(&stage.world.before_answer);
    stage.add_replica();
    stage.retry_payouts("p", &new, &[1]).await.expect("one of it has failed by then");
    stage.sql(&format!("{leased} NULL WHERE distribution_id = '{id}'")).await;
    stage.world.facts().runs.get_mut(&new.run_id).expect("a run").state = RunState::Completed;
    stage.until(&new.id, Completed).await;
    stage.until(&old.id, Completed).await;
    // What the old payout brought forward is open again, so that it can be taken once more.
    stage.sql(&format!("INSERT INTO carry_reservation VALUES ('{id}', 1003, '{old_id}', 2, 5)")).await;
}
