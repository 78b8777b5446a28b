//! `UpdateDistribution`: another version of the terms, calculated and approved anew.

use std::time::Duration;

use proto::distribution::v1 as pb;
use proto::execution::v1::{RetryPolicy, RunState};
use proto::holder::v1::SnapshotState;
use tonic::Code;

use crate::approval_stage::{endorsed, hash, relabel};
use crate::stage::{Stage, fields, reason};
use crate::support::World;

use pb::DistributionState::{Cancelled, Completed, Failed, Ongoing, Paused, PendingApproval, Upcoming};

fn rate(text: &str) -> pb::AmountRule {
    pb::AmountRule { rule: Some(pb::amount_rule::Rule::PerToken(text.to_owned())) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_is_calculated_anew_and_what_is_not_given_stays() {
    let stage = Stage::new().await;
    stage.rich();
    let created = stage.create("c", stage.request()).await.expect("created");
    let before = stage.until(&created.id, Upcoming).await;
    let change = pb::UpdateDistributionRequest {
        distribution_id: before.id.clone(),
        version: 1,
        amount_rule: Some(rate("0.5")),
        batch_size: Some(7),
        retry_policy: Some(RetryPolicy { max_attempts: 2, ..RetryPolicy::default() }),
        ..pb::UpdateDistributionRequest::default()
    };
    let changed = stage.modify("bo", change).await.expect("changed");
    assert_eq!((changed.state(), changed.version), (pb::DistributionState::Snapshotting, 2));
    assert_eq!(changed.entitlements, None);
    let after = stage.until(&created.id, Upcoming).await;
    assert_eq!(
        (after.label.as_str(), after.batch_size, after.amount_rule.clone()),
        ("Dividend 2026", 7, Some(rate("0.5")))
    );
    assert_eq!(after.run_id, before.run_id);
    let (was, is) = (before.entitlements.expect("numbers"), after.entitlements.clone().expect("numbers"));
    assert_eq!((is.snapshot_id, is.consensus_ns), (was.snapshot_id, was.consensus_ns), "the same balances");
    assert_ne!(is.entitlement_root, was.entitlement_root);
    let seen: Vec<_> = after
        .amendments
        .iter()
        .map(|one| (one.version, one.amended_by.as_str(), one.fields.join(",")))
        .collect();
    assert_eq!(seen, [(2, "bo", "amount_rule,batch_size,retry_policy".to_owned())]);
    assert_eq!((after.created_by.as_str(), after.create_time), ("alice", before.create_time));

    stage.execute("e", &created.id).await.expect("executed");
    stage.until(&created.id, Completed).await;
    let facts = stage.world.facts();
    assert_eq!(facts.snapshots_taken, 2, "asked for again under its id");
    assert_eq!(facts.snapshots.len(), 1);
    let run = &facts.runs[&created.run_id];
    assert_eq!(run.header.batch_size, 7);
    assert_eq!(run.header.retry_policy.as_ref().expect("a policy").max_attempts, 2);
    assert_eq!(run.instructions[0].units, "500000", "a whole token of two decimals at half a USDC");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_can_be_changed_and_is_named_in_the_history() {
    let stage = Stage::new().await;
    stage.rich();
    let created = stage.create("c", stage.request()).await.expect("created");
    let mut now = stage.until(&created.id, Upcoming).await;
    let blank = pb::UpdateDistributionRequest::default;
    let decision = pb::HolderDecision { account: "0.0.4096".to_owned(), treatment: 1 };
    let record_time = Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5 });
    let retry_policy = Some(RetryPolicy { max_attempts: 9, ..RetryPolicy::default() });
    let changes = [
        ("label", pb::UpdateDistributionRequest { label: Some("New".to_owned()), ..blank() }),
        ("amount_rule", pb::UpdateDistributionRequest { amount_rule: Some(rate("2")), ..blank() }),
        (
            "amount_rule,payment_token",
            pb::UpdateDistributionRequest {
                payment_token: Some("hbar".to_owned()),
                amount_rule: Some(rate("3")),
                ..blank()
            },
        ),
        ("record_time", pb::UpdateDistributionRequest { record_time, ..blank() }),
        (
            "holder_decisions",
            pb::UpdateDistributionRequest {
                holder_decisions: Some(pb::HolderDecisions { decisions: vec![decision] }),
                ..blank()
            },
        ),
        ("batch_size", pb::UpdateDistributionRequest { batch_size: Some(9), ..blank() }),
        ("parallelism", pb::UpdateDistributionRequest { parallelism: Some(3), ..blank() }),
        ("retry_policy", pb::UpdateDistributionRequest { retry_policy, ..blank() }),
        (
            "holder_decisions",
            pb::UpdateDistributionRequest {
                holder_decisions: Some(pb::HolderDecisions::default()),
                ..blank()
            },
        ),
        ("execute_now", pb::UpdateDistributionRequest { execute_now: Some(true), ..blank() }),
    ];
    let names: Vec<&str> = changes.iter().map(|(name, _)| *name).collect();
    for (name, change) in changes {
        let change =
            pb::UpdateDistributionRequest { distribution_id: now.id.clone(), version: now.version, ..change };
        stage.modify("bo", change).await.expect(name);
        let until = if name == "execute_now" { Completed } else { Upcoming };
        now = stage.until(&created.id, until).await;
    }
    let seen: Vec<String> = now.amendments.iter().map(|one| one.fields.join(",")).collect();
    assert_eq!(seen, names);
    assert_eq!((now.label.as_str(), now.batch_size, now.parallelism), ("New", 9, 3));
    assert_eq!((now.payment_token.as_str(), now.payment_decimals), ("hedera:sandbox/hbar", 8));
    assert_eq!((now.record_time, now.execute_now), (record_time, true));
    assert!(now.holder_decisions.is_empty());
    let listed = stage.client().list_distributions(stage.read(pb::ListDistributionsRequest::default())).await;
    assert_eq!(listed.expect("a list").into_inner().distributions, [now]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_voids_what_was_approved_and_its_maker_approves_no_more() {
    let stage = Stage::new().await;
    stage.ask_for(2).await;
    let first = stage.pending(stage.request()).await;
    stage.approve("bo", &first).await.expect("approved");
    stage.modify("cy", relabel(&first, "Another")).await.expect("changed");
    let second = stage.until(&first.id, PendingApproval).await;
    assert_eq!(endorsed(&second), [""; 0]);
    assert_ne!(hash(&second), hash(&first));
    assert_eq!(second.void_approvals[0].endorsements[0].by, "bo");
    let refused = stage.approve("di", &first).await.expect_err("it is no more");
    assert_eq!(reason(&refused), "APPROVAL_HASH_DIFFERS");
    for maker in ["alice", "cy"] {
        let refused = stage.approve(maker, &second).await.expect_err("it is theirs");
        assert_eq!(reason(&refused), "APPROVER_IS_CREATOR", "{maker}");
    }
    stage.approve("bo", &second).await.expect("approved");
    let approved = stage.approve("di", &second).await.expect("approved");
    assert_eq!(approved.state(), Upcoming);
    // Also changed back to what it was, and although it was approved.
    let back = stage.modify("alice", relabel(&approved, "Dividend 2026")).await.expect("changed");
    assert_eq!(back.version, 3);
    let third = stage.until(&first.id, PendingApproval).await;
    let refused = stage.execute("e", &first.id).await.expect_err("it is not approved");
    assert_eq!(reason(&refused), "ACTION_NOT_ALLOWED");
    let refused = stage.approve("bo", &first).await.expect_err("that was another version");
    assert_eq!(reason(&refused), "APPROVAL_HASH_DIFFERS");
    for person in ["bo", "di"] {
        stage.approve(person, &third).await.expect("approved");
    }
    stage.execute("e", &first.id).await.expect("executed");
    assert_eq!(stage.until(&first.id, Completed).await.void_approvals.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_what_it_is_changes_nothing_and_one_of_an_old_version_is_refused() {
    let stage = Stage::new().await;
    stage.ask_for(1).await;
    let pending = stage.pending(stage.request()).await;
    let same = stage.modify("bo", relabel(&pending, "Dividend 2026")).await.expect("nothing to do");
    assert_eq!(same, pending);
    stage.modify("bo", relabel(&pending, "Another")).await.expect("changed");
    for version in [0, 1, 3] {
        let change = pb::UpdateDistributionRequest { version, ..relabel(&pending, "Mine") };
        let refused = stage.modify("cy", change).await.expect_err("it is another");
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, "VERSION_CHANGED")
        );
    }
    assert_eq!(stage.until(&pending.id, PendingApproval).await.label, "Another");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_change_is_named_and_nothing_is_changed() {
    let stage = Stage::new().await;
    let created = stage.create("c", stage.request()).await.expect("created");
    let before = stage.until(&created.id, Upcoming).await;
    let decision = |account: &str, treatment| pb::HolderDecision { account: account.to_owned(), treatment };
    let change = pb::UpdateDistributionRequest {
        label: Some(" ".to_owned()),
        payment_token: Some("0x10".to_owned()),
        funding_account_id: Some("fnd_1".to_owned()),
        record_time: Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 }),
        holder_decisions: Some(pb::HolderDecisions { decisions: vec![decision("0.0.2000", 1)] }),
        batch_size: Some(0),
        parallelism: Some(65),
        ..relabel(&before, "")
    };
    let refused = stage.modify("bo", change).await.expect_err("much is wrong");
    let mut seen = fields(&refused);
    seen.sort();
    let expected = [
        ("batch_size", "OUT_OF_RANGE"),
        ("funding_account_id", "MALFORMED"),
        ("holder_decisions[0].treatment", "NEVER_PAID"),
        ("label", "MALFORMED"),
        ("parallelism", "OUT_OF_RANGE"),
        ("payment_token", "MALFORMED"),
        ("record_time", "IN_THE_FUTURE"),
    ];
    assert_eq!(seen, expected.map(|(field, why)| (field.to_owned(), why.to_owned())));
    let token =
        pb::UpdateDistributionRequest { payment_token: Some("hbar".to_owned()), ..relabel(&before, "x") };
    let refused = stage.modify("bo", token.clone()).await.expect_err("of what");
    assert_eq!(fields(&refused), [("amount_rule".to_owned(), "REQUIRED".to_owned())]);
    let amount_rule = before.amount_rule.clone();
    let refused = stage.modify("bo", pb::UpdateDistributionRequest { amount_rule, ..token }).await;
    let field = "amount_rule.pool.amount.asset".to_owned();
    assert_eq!(fields(&refused.expect_err("of USDC")), [(field, "NOT_THE_PAYMENT_TOKEN".to_owned())]);
    assert_eq!(stage.get(&created.id).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calculation_under_way_is_not_stored_for_terms_that_are_in_force_no_more() {
    let stage = Stage::new().await;
    stage.rich();
    stage.world.facts().snapshot_state = SnapshotState::Running;
    let created = stage.create("c", stage.request()).await.expect("created");
    while stage.world.facts().snapshots_taken == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let record_time = Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 });
    let change = pb::UpdateDistributionRequest {
        record_time,
        amount_rule: Some(rate("0.5")),
        ..relabel(&created, "New")
    };
    stage.modify("alice", change).await.expect("changed");
    stage.world.facts().snapshot_state = SnapshotState::Ready;
    stage.world.facts().snapshots.values_mut().for_each(|snapshot| snapshot.set_state(SnapshotState::Ready));
    let found = stage.until(&created.id, Upcoming).await;
    let entitlements = found.entitlements.expect("numbers");
    assert_eq!(
        entitlements.entitled.expect("an amount").units,
        "1885000",
        "377 units of a hundredth at a half"
    );
    let facts = stage.world.facts();
    assert_eq!(facts.snapshots[&entitlements.snapshot_id].record_time, record_time);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_the_balances_of_the_former_terms_does_not_speak_for_the_new_ones() {
    let stage = Stage::new().await;
    World::close(&stage.world.before_snapshot_answer);
    let created = stage.create("c", stage.request()).await.expect("created");
    while stage.world.facts().snapshots_taken == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Asked, and not answered yet.
    let record_time = Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 });
    let change = pb::UpdateDistributionRequest { record_time, ..relabel(&created, "New") };
    stage.modify("alice", change).await.expect("changed");
    World::open(&stage.world.before_snapshot_answer);
    let found = stage.until(&created.id, Upcoming).await;
    assert_eq!((found.version, found.record_time), (2, record_time));
    let snapshot = found.entitlements.expect("numbers").snapshot_id;
    assert_eq!(stage.world.facts().snapshots[&snapshot].record_time, record_time);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_changed_until_it_is_executed_and_not_after() {
    let stage = Stage::new().await;
    // A calculation that failed, and what was refused for want of funds.
    stage.world.facts().snapshot_state = SnapshotState::Failed;
    let failed = stage.create("f", stage.request()).await.expect("created");
    let failed = stage.until(&failed.id, Failed).await;
    {
        let mut facts = stage.world.facts();
        (facts.snapshot_state, facts.funding_units) = (SnapshotState::Ready, 4);
    }
    stage.modify("alice", relabel(&failed, "Again")).await.expect("changed");
    let upcoming = stage.until(&failed.id, Upcoming).await;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    let refused = stage.until(&created.id, Paused).await;
    let smaller =
        pb::UpdateDistributionRequest { amount_rule: Some(rate("0.000001")), ..relabel(&refused, "Less") };
    stage.modify("alice", smaller).await.expect("changed");
    stage.world.facts().run_state = RunState::Running;
    stage.world.facts().funding_units = 1_000_000;
    let ongoing = stage.until(&created.id, Ongoing).await;
    let late = stage.modify("alice", relabel(&ongoing, "Late")).await.expect_err("it is being paid");
    let info = tonic_types::StatusExt::get_details_error_info(&late).expect("info");
    assert_eq!(
        (info.reason.as_str(), info.metadata["state"].as_str(), info.metadata["allowed_actions"].as_str()),
        ("ACTION_NOT_ALLOWED", "ONGOING", "CANCEL,RETRY_PAYOUTS")
    );
    stage.cancel("x", &upcoming.id).await.expect("cancelled");
    let cancelled = stage.until(&upcoming.id, Cancelled).await;
    let late = stage.modify("alice", relabel(&cancelled, "Late")).await.expect_err("it is over");
    assert_eq!(reason(&late), "ACTION_NOT_ALLOWED");
}
