//! Approving, rejecting and expiring: nothing is paid that other people have not agreed to.

use std::time::Duration;

use auth::Role;
use diesel::sql_query;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use proto::distribution::v1 as pb;
use tonic::Code;

use crate::approval_stage::{endorsed, hash, relabel};
use crate::schedule_stage::{DAY, FIRST};
use crate::stage::{Stage, fields, reason};

use pb::DistributionAction::{Approve, Cancel, Modify, Reject, Retry};
use pb::DistributionState::{Cancelled, Completed, Failed, Paused, PendingApproval, Upcoming};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_executed_before_as_many_others_have_approved_it_as_were_asked_for() {
    let stage = Stage::new().await;
    stage.ask_for(2).await;
    let pending = stage.pending(stage.request()).await;
    assert_eq!(pending.allowed_actions().collect::<Vec<_>>(), [Cancel, Modify, Approve, Reject]);
    let approval = pending.approval.clone().expect("it needs approval");
    assert_eq!((approval.required, approval.hash.len(), approval.endorsements.len()), (2, 32, 0));
    let week = approval.expire_time.expect("it ends").seconds - approval.request_time.expect("asked").seconds;
    assert_eq!(week, 7 * DAY);
    let refused = stage.execute("e", &pending.id).await.expect_err("it is not approved");
    let info = tonic_types::StatusExt::get_details_error_info(&refused).expect("info");
    assert_eq!(
        (info.reason.as_str(), info.metadata["state"].as_str(), info.metadata["allowed_actions"].as_str()),
        ("ACTION_NOT_ALLOWED", "PENDING_APPROVAL", "CANCEL,MODIFY,APPROVE,REJECT")
    );

    let refused = stage.approve("alice", &pending).await.expect_err("it is hers");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "APPROVER_IS_CREATOR")
    );
    let other = [7; 32].to_vec();
    let refused = stage.approve_hash("bo", &pending.id, other).await.expect_err("it is not this");
    assert_eq!(reason(&refused), "APPROVAL_HASH_DIFFERS");
    for hash in [Vec::new(), vec![7; 31]] {
        let refused = stage.approve_hash("bo", &pending.id, hash).await.expect_err("it is no hash");
        assert_eq!(fields(&refused), [("hash".to_owned(), "MALFORMED".to_owned())]);
    }
    assert_eq!(endorsed(&stage.get(&pending.id).await), [""; 0]);

    for _ in 0..3 {
        let once = stage.approve("bo", &pending).await.expect("approved");
        assert_eq!((once.state(), endorsed(&once)), (PendingApproval, vec!["bo"]));
    }
    let approved = stage.approve("cy", &pending).await.expect("approved");
    assert_eq!((approved.state(), endorsed(&approved)), (Upcoming, vec!["bo", "cy"]));
    assert_eq!(stage.approve("bo", &pending).await.expect("he did").state(), Upcoming);
    let late = stage.approve("di", &pending).await.expect_err("it is approved");
    assert_eq!(reason(&late), "ACTION_NOT_ALLOWED");
    assert!(stage.world.facts().handed.is_empty());
    stage.execute("e", &pending.id).await.expect("executed");
    let paid = stage.until(&pending.id, Completed).await;
    assert_eq!(endorsed(&paid), ["bo", "cy"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_executes_by_itself_waits_for_approval_and_then_does() {
    let stage = Stage::new().await;
    stage.ask_for(1).await;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let pending = stage.pending(request).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(stage.world.facts().handed.is_empty());
    stage.approve("bo", &pending).await.expect("approved");
    stage.until(&pending.id, Completed).await;
    assert_eq!(stage.world.facts().handed.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rejected_goes_back_to_its_maker_and_is_paid_only_after_new_approval() {
    let stage = Stage::new().await;
    stage.ask_for(2).await;
    let pending = stage.pending(stage.request()).await;
    stage.approve("bo", &pending).await.expect("approved");
    for (words, why) in [
        ("", "REQUIRED"),
        ("bell\u{7}", "MALFORMED"),
        (" ", "MALFORMED"),
        (&"x".repeat(2_001), "OUT_OF_RANGE"),
    ] {
        let refused = stage.reject("cy", &pending, words).await.expect_err("no reason");
        assert_eq!(fields(&refused), [("reason".to_owned(), why.to_owned())]);
    }
    // Whoever approved may still think better of it.
    let rejected = stage.reject("bo", &pending, "0.0.1003 left the company").await.expect("rejected");
    assert_eq!(rejected.state(), Paused);
    assert_eq!(rejected.failure.as_ref().expect("why").reason, "APPROVAL_REJECTED");
    let said = rejected.approval.clone().and_then(|approval| approval.rejection).expect("who and why");
    assert_eq!((said.by.as_str(), said.reason.as_str()), ("bo", "0.0.1003 left the company"));
    assert_eq!(rejected.allowed_actions().collect::<Vec<_>>(), [Retry, Cancel, Modify]);
    for refused in [
        stage.execute("e", &pending.id).await.expect_err("it is rejected"),
        stage.approve("cy", &pending).await.expect_err("it is rejected"),
        stage.approve("bo", &pending).await.expect_err("it is rejected"),
        stage.reject("cy", &pending, "too").await.expect_err("it is rejected"),
    ] {
        assert_eq!(reason(&refused), "ACTION_NOT_ALLOWED");
    }
    stage.retry("r", &pending.id).await.expect("asked again");
    let again = stage.get(&pending.id).await;
    assert_eq!((again.state(), endorsed(&again)), (PendingApproval, vec![]));
    assert_eq!(hash(&again), hash(&pending), "it is the same");
    let void = &again.void_approvals[0];
    assert_eq!((void.endorsements[0].by.as_str(), void.rejection.clone()), ("bo", Some(said)));
    for person in ["bo", "cy"] {
        stage.approve(person, &again).await.expect("approved");
    }
    stage.execute("e", &pending.id).await.expect("executed");
    stage.until(&pending.id, Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_never_asks_for_fewer_people_than_before() {
    let stage = Stage::new().await;
    stage.ask_for(2).await;
    let pending = stage.pending(stage.request()).await;
    stage.reject("bo", &pending, "no").await.expect("rejected");
    let all = pb::DistributionKind::Unspecified;
    for (version, (asked, expected)) in (1..).zip([(0, 2), (1, 2), (3, 3), (0, 3)]) {
        stage.set_policy(all, &[(0, asked)], version).await.expect("set");
        stage.retry(&format!("r{version}"), &pending.id).await.expect("asked again");
        let again = stage.get(&pending.id).await;
        assert_eq!(again.approval.as_ref().expect("it needs approval").required, expected);
        stage.reject("bo", &again, "no").await.expect("rejected");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_is_not_given_or_not_used_in_time_has_to_be_asked_for_again() {
    let stage = Stage::in_may().await;
    stage.ask_for(2).await;
    let start = FIRST - 3_600;
    let [never, half, whole, paid] = [stage.request(), stage.request(), stage.request(), stage.request()]
        .map(|request| stage.pending(request));
    let (never, half, whole, paid) = futures::join!(never, half, whole, paid);
    stage.go_to(start + 3 * DAY);
    for (person, one) in [("bo", &half), ("bo", &whole), ("cy", &whole), ("bo", &paid), ("cy", &paid)] {
        stage.approve(person, one).await.expect("in time");
    }
    stage.go_to(start + 7 * DAY - 1);
    assert_eq!(stage.get(&never.id).await.state(), PendingApproval);
    stage.go_to(start + 7 * DAY);
    for one in [&never, &half] {
        let expired = stage.until(&one.id, Paused).await;
        assert_eq!(expired.failure.expect("why").reason, "APPROVAL_EXPIRED");
        let refused = stage.approve("di", one).await.expect_err("too late");
        assert_eq!(reason(&refused), "ACTION_NOT_ALLOWED");
    }
    // What was granted on the third day is valid for a week from then on.
    stage.go_to(start + 10 * DAY - 1);
    stage.execute("e1", &paid.id).await.expect("in time");
    stage.until(&paid.id, Completed).await;
    assert_eq!(stage.get(&whole.id).await.state(), Upcoming);
    stage.go_to(start + 10 * DAY);
    let refused = stage.execute("e2", &whole.id).await.expect_err("too late");
    assert!(["APPROVAL_EXPIRED", "ACTION_NOT_ALLOWED"].contains(&reason(&refused).as_str()), "{refused:?}");
    stage.until(&whole.id, Paused).await;
    stage.retry("r", &whole.id).await.expect("asked again");
    let again = stage.get(&whole.id).await;
    assert_eq!((again.state(), endorsed(&again)), (PendingApproval, vec![]));
    for person in ["bo", "cy"] {
        stage.approve(person, &again).await.expect("approved");
    }
    stage.execute("e3", &whole.id).await.expect("executed");
    stage.until(&whole.id, Completed).await;
    assert_eq!(stage.world.facts().handed.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_for_want_of_funds_is_not_executed_after_its_approval_has_expired() {
    let stage = Stage::in_may().await;
    stage.ask_for(1).await;
    stage.world.facts().funding_units = 4;
    let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
    let pending = stage.pending(request).await;
    stage.approve("bo", &pending).await.expect("approved");
    let refused = stage.until(&pending.id, Paused).await;
    assert_eq!(refused.failure.expect("why").reason, "FUNDING_SHORT");
    stage.go_to(FIRST + 8 * DAY);
    stage.world.facts().funding_units = 1_000;
    let late = stage.execute("e", &pending.id).await.expect_err("too late");
    assert!(["APPROVAL_EXPIRED", "ACTION_NOT_ALLOWED"].contains(&reason(&late).as_str()), "{late:?}");
    for _ in 0..600 {
        let found = stage.get(&pending.id).await;
        if found.failure.is_some_and(|failure| failure.reason == "APPROVAL_EXPIRED") {
            assert!(stage.world.facts().handed.is_empty());
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_failed_payouts_needs_no_new_approval() {
    let stage = Stage::new().await;
    stage.ask_for(1).await;
    {
        let mut facts = stage.world.facts();
        (facts.run_state, facts.failed) = (proto::execution::v1::RunState::Failed, 3);
    }
    let pending = stage.pending(stage.request()).await;
    stage.approve("bo", &pending).await.expect("approved");
    stage.execute("e", &pending.id).await.expect("executed");
    stage.until(&pending.id, Failed).await;
    stage.world.facts().run_state = proto::execution::v1::RunState::Completed;
    stage.retry("r", &pending.id).await.expect("again");
    let paid = stage.until(&pending.id, Completed).await;
    assert_eq!(endorsed(&paid), ["bo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_occurrence_waits_for_somebody_who_never_had_a_hand_in_its_schedule() {
    let stage = Stage::in_may().await;
    stage.ask_for(1).await;
    let created = stage.schedule("s", stage.daily(pb::CatchUpPolicy::All)).await.expect("created");
    let change = pb::UpdateScheduleRequest {
        schedule_id: created.id.clone(),
        version: 1,
        catch_up: pb::CatchUpPolicy::RunOnce.into(),
        ..pb::UpdateScheduleRequest::default()
    };
    stage.schedules().update_schedule(stage.of("bo", Role::Payout, change)).await.expect("changed");
    stage.go_to(FIRST);
    let seen = stage.settled(&created.id, Some(2)).await;
    let pending = stage.until(&seen[0].distribution_id, PendingApproval).await;
    for person in ["alice", "bo"] {
        let refused = stage.approve(person, &pending).await.expect_err("it is theirs");
        assert_eq!(reason(&refused), "APPROVER_IS_CREATOR", "{person}");
    }
    assert!(stage.world.facts().handed.is_empty());
    stage.approve("cy", &pending).await.expect("approved");
    stage.until(&pending.id, Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redemption_waits_for_approval_and_gives_back_what_it_reserved_when_it_is_cancelled() {
    let stage = Stage::new().await;
    stage.rich();
    stage.ask_for(1).await;
    let created = stage.redeem("r", stage.redemption()).await.expect("created");
    let pending = stage.until(&created.id, PendingApproval).await;
    assert_eq!(pending.allowed_actions().collect::<Vec<_>>(), [Cancel, Approve, Reject]);
    let reserved = stage.units().await;
    assert!(reserved.reserved > 0);
    let refused = stage.execute_redemption("e", &created.id).await.expect_err("it is not approved");
    let info = tonic_types::StatusExt::get_details_error_info(&refused).expect("info");
    assert_eq!(info.metadata["allowed_actions"].as_str(), "CANCEL,APPROVE,REJECT");
    stage.reject("bo", &pending, "not yet").await.expect("rejected");
    assert_eq!(stage.units().await, reserved, "it can be asked for again");
    stage.retry_redemption("again", &created.id).await.expect("asked again");
    let pending = stage.get(&created.id).await;
    stage.approve("bo", &pending).await.expect("approved");
    let refused = stage.modify("carl", relabel(&pending, "Another")).await.expect_err("it is a redemption");
    assert_eq!(reason(&refused), "IS_A_REDEMPTION");
    stage.execute_redemption("e2", &created.id).await.expect("executed");
    stage.until(&created.id, Completed).await;
    assert_eq!(stage.units().await.redeemed, reserved.reserved);

    stage.world.facts().holders.iter_mut().for_each(|holder| holder.balance = "700".to_owned());
    stage.world.facts().total_supply = 100_000;
    let other = stage.redeem("r2", stage.redemption()).await.expect("created");
    let pending = stage.until(&other.id, PendingApproval).await;
    stage.reject("bo", &pending, "no").await.expect("rejected");
    stage.cancel_redemption("x", &other.id).await.expect("cancelled");
    assert_eq!(stage.until(&other.id, Cancelled).await.state(), Cancelled);
    assert_eq!(stage.units().await.reserved, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn approvers_do_nothing_else_and_nobody_else_approves() {
    let stage = Stage::new().await;
    stage.ask_for(1).await;
    let pending = stage.pending(stage.request()).await;
    let denied = |code: Code| assert_eq!(code, Code::PermissionDenied);
    let others = [
        Role::Viewer,
        Role::Payout,
        Role::Cashout,
        Role::Pauser,
        Role::PaymentTokenManager,
        Role::Transferer,
        Role::Admin,
    ];
    for role in others {
        let message =
            pb::ApproveDistributionRequest { distribution_id: pending.id.clone(), hash: hash(&pending) };
        let refused = stage.approvals().approve_distribution(stage.of("bo", role, message)).await;
        denied(refused.expect_err("it is not the role").code());
        let message = pb::RejectDistributionRequest {
            distribution_id: pending.id.clone(),
            hash: hash(&pending),
            reason: "no".to_owned(),
        };
        let refused = stage.approvals().reject_distribution(stage.of("bo", role, message)).await;
        denied(refused.expect_err("it is not the role").code());
    }
    let approver = Role::Approver;
    let create = stage.of("bo", approver, stage.request());
    denied(stage.client().create_distribution(create).await.expect_err("no").code());
    let message = pb::ExecuteDistributionRequest { distribution_id: pending.id.clone() };
    let execute = stage.of("bo", approver, message);
    denied(stage.client().execute_distribution(execute).await.expect_err("no").code());
    let update = stage.of("bo", approver, relabel(&pending, "Mine"));
    denied(stage.client().update_distribution(update).await.expect_err("no").code());
    for role in [Role::Payout, approver] {
        let set = stage.of("bo", role, pb::SetApprovalPolicyRequest::default());
        denied(stage.approvals().set_approval_policy(set).await.expect_err("no").code());
    }
    assert_eq!(stage.get(&pending.id).await, pending);
}

/// Changes what is stored, as nobody but the database's owner can.
async fn tamper(stage: &Stage, statement: &str) {
    // Here, because everything has an `execute` with it.
    use diesel_async::RunQueryDsl as _;

    let mut conn = AsyncPgConnection::establish(&stage.db.owner_url).await.expect("a connection");
    let changed = sql_query(statement).execute(&mut conn).await.expect("changed");
    assert!(changed > 0, "{statement}");
}

#[tokio::test(flavor = "multi_thread")]
async fn executing_looks_at_what_is_stored_then_and_not_at_the_state() {
    let table = [
        ("UPDATE distribution SET funding = 2002", "APPROVAL_HASH_DIFFERS"),
        ("UPDATE distribution SET execute_now = true", "APPROVAL_HASH_DIFFERS"),
        ("UPDATE calculation SET root = sha256('another')", "APPROVAL_HASH_DIFFERS"),
        ("DELETE FROM approval WHERE approved_by = 'cy'", "NOT_APPROVED"),
        ("UPDATE approval_request SET required = 1; DELETE FROM approval", "NOT_APPROVED"),
        ("UPDATE approval_request SET required = 1", "NOT_APPROVED"),
        ("UPDATE approval SET approved_ns = approved_ns - 691200000000000", "APPROVAL_EXPIRED"),
        (
            "INSERT INTO approval_rejection SELECT distribution_id, 1, 'di', 'no', 1 FROM distribution_state",
            "APPROVAL_REJECTED",
        ),
    ];
    for (statement, why) in table {
        let stage = Stage::new().await;
        stage.ask_for(2).await;
        let pending = stage.pending(stage.request()).await;
        for person in ["bo", "cy"] {
            stage.approve(person, &pending).await.expect("approved");
        }
        for statement in statement.split("; ") {
            tamper(&stage, statement).await;
        }
        let refused = stage.execute("e", &pending.id).await.expect_err(statement);
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, why),
            "{statement}"
        );
        // The job, which executes by itself, looks at the same.
        tamper(&stage, "UPDATE distribution_state SET state = 'DUE', wake_at = now()").await;
        let stopped = stage.until(&pending.id, Paused).await;
        assert_eq!(stopped.failure.expect("why").reason, why, "{statement}");
        assert!(stage.world.facts().handed.is_empty(), "{statement}");
    }
}
