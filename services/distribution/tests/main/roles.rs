//! Who may do what, and what a database role may not.

use auth::Role;
use diesel::sql_query;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use money::Network;
use proto::distribution::v1 as pb;
use service_kit::Shutdown;
use tonic::Code;

use crate::approval_stage::relabel;
use crate::schedule_stage::FIRST;
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn cashout_can_do_nothing_with_distributions_and_payout_nothing_with_redemptions() {
    let stage = Stage::new().await;
    let refused =
        stage.client().create_distribution(stage.write_as(Role::Cashout, "k", stage.request())).await;
    assert_eq!(refused.expect_err("it is not its role").code(), Code::PermissionDenied);
    let refused =
        stage.redemptions().create_redemption(stage.write_as(Role::Payout, "k", stage.redemption())).await;
    assert_eq!(refused.expect_err("it is not its role").code(), Code::PermissionDenied);
    stage.redeem("k", stage.redemption()).await.expect("it is the role");
    let viewer = stage.read_as(Role::Viewer, pb::ListDistributionsRequest::default());
    stage.client().list_distributions(viewer).await.expect("a viewer reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_and_calculated_cannot_be_changed_by_the_running_service() {
    let stage = Stage::new().await;
    let created = stage.create("c", stage.request()).await.expect("created");
    stage.until(&created.id, pb::DistributionState::Upcoming).await;
    let redemption = stage.redeem("r", stage.redemption()).await.expect("created");
    stage.until(&redemption.id, pb::DistributionState::Upcoming).await;
    let mut conn = AsyncPgConnection::establish(&stage.db.url).await.expect("a connection");
    for table in [
        "distribution",
        "holder_decision",
        "calculation",
        "entitlement",
        "installation",
        "redemption_account",
        "redeemable",
        "redemption_holding",
        "redemption_outcome",
        "schedule",
        "schedule_version",
        "schedule_holder_decision",
        "schedule_state",
        "occurrence",
        "amendment",
        "amended_holder_decision",
        "approval_policy",
        "approval_tier",
        "approval_request",
        "approval",
        "approval_rejection",
    ] {
        for statement in [format!("DELETE FROM {table}"), format!("TRUNCATE {table}")] {
            let refused = sql_query(&statement).execute(&mut conn).await.expect_err("no such right");
            assert!(refused.to_string().contains("permission denied"), "{statement}: {refused}");
        }
    }
    for statement in [
        "UPDATE entitlement SET units = units + 1",
        "UPDATE calculation SET residue = residue + 1",
        "UPDATE distribution SET funding = 1",
        "UPDATE redemption_holding SET units = units - 1",
        "UPDATE redemption_outcome SET outcome = 'RELEASED'",
        "UPDATE redeemable SET asset_id = gen_random_uuid()",
        "UPDATE schedule SET created_by = 'mallory'",
        "UPDATE schedule_version SET funding = 1",
        "UPDATE schedule_holder_decision SET treatment = 1",
        "UPDATE schedule_state SET schedule_id = gen_random_uuid()",
        "UPDATE occurrence SET distribution_id = NULL",
        "UPDATE amendment SET funding = 1",
        "UPDATE amended_holder_decision SET treatment = 1",
        "UPDATE approval_policy SET set_by = 'mallory'",
        "UPDATE approval_tier SET approvers = 0",
        "UPDATE approval_request SET required = 1",
        "UPDATE approval SET approved_by = 'mallory'",
        "UPDATE approval_rejection SET reason = ''",
    ] {
        let refused = sql_query(statement).execute(&mut conn).await.expect_err("no such right");
        assert!(refused.to_string().contains("permission denied"), "{statement}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_holds_that_entitled_and_residue_are_the_pool() {
    let stage = Stage::new().await;
    let created = stage.create("c", stage.request()).await.expect("created");
    stage.until(&created.id, pb::DistributionState::Upcoming).await;
    let mut conn = AsyncPgConnection::establish(&stage.db.owner_url).await.expect("a connection");
    let refused = sql_query("UPDATE calculation SET entitled = entitled + 1").execute(&mut conn).await;
    assert!(refused.expect_err("the sum is wrong").to_string().contains("check constraint"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_holds_that_no_unit_is_redeemed_twice_and_no_more_than_there_is() {
    let stage = Stage::new().await;
    let created = stage.redeem("r", stage.redemption()).await.expect("created");
    stage.until(&created.id, pb::DistributionState::Upcoming).await;
    let mut conn = AsyncPgConnection::establish(&stage.db.owner_url).await.expect("a connection");
    for statement in [
        "UPDATE redemption_holding SET taken_before = 1",
        "UPDATE redeemable SET taken = supply + 1",
        "UPDATE redeemable SET supply = taken - 1",
    ] {
        let refused = sql_query(statement).execute(&mut conn).await.expect_err("it is too much");
        assert!(refused.to_string().contains("check constraint"), "{statement}: {refused}");
    }
    let again = "INSERT INTO redemption_holding SELECT * FROM redemption_holding";
    let refused = sql_query(again).execute(&mut conn).await.expect_err("it is reserved");
    assert!(refused.to_string().contains("unique constraint"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_holds_that_an_occurrence_is_decided_once_and_fires_a_distribution_of_its_own() {
    let stage = Stage::in_may().await;
    let id = stage.schedule("s", stage.daily(pb::CatchUpPolicy::All)).await.expect("created").id;
    stage.go_to(FIRST);
    stage.settled(&id, Some(2)).await;
    let mut conn = AsyncPgConnection::establish(&stage.db.url).await.expect("a connection");
    let again = "INSERT INTO occurrence SELECT * FROM occurrence";
    let skipped = "INSERT INTO occurrence (schedule_id, series, number, first_number, due_ns, nominal, skip_cause, decided_ns)
                   SELECT schedule_id, series, number, number, due_ns, nominal, 'PERSON', decided_ns FROM occurrence";
    let shared = "INSERT INTO occurrence (schedule_id, series, number, first_number, due_ns, nominal, distribution_id, decided_ns)
                  SELECT schedule_id, series, number + 1, number + 1, due_ns, nominal, distribution_id, decided_ns FROM occurrence";
    for statement in [again, skipped, shared] {
        let refused = sql_query(statement).execute(&mut conn).await.expect_err("it is decided");
        assert!(refused.to_string().contains("unique constraint"), "{statement}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_of_one_network_is_not_served_as_anothers() {
    let stage = Stage::new().await;
    // The first replica has bound the data to the sandbox by the time it serves.
    let viewer = stage.read_as(Role::Viewer, pb::ListDistributionsRequest::default());
    stage.client().list_distributions(viewer).await.expect("it serves");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let started = distribution::run(stage.config(Network::Mainnet), listener, Shutdown::new()).await;
    let refused = started.expect_err("another network").to_string();
    assert!(refused.contains("sandbox") && refused.contains("mainnet"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_holds_that_a_person_approves_once_and_what_is_there() {
    let stage = Stage::new().await;
    stage.ask_for(2).await;
    let pending = stage.pending(stage.request()).await;
    stage.approve("bo", &pending).await.expect("approved");
    stage.modify("alice", relabel(&pending, "Another")).await.expect("changed");
    stage.until(&pending.id, pb::DistributionState::PendingApproval).await;
    let mut conn = AsyncPgConnection::establish(&stage.db.url).await.expect("a connection");
    let other = "SELECT distribution_id, number + 7, 'bo', 1 FROM approval";
    for (statement, why) in [
        ("INSERT INTO approval SELECT * FROM approval".to_owned(), "unique constraint"),
        (format!("INSERT INTO approval {other}"), "foreign key constraint"),
        ("INSERT INTO amendment SELECT * FROM amendment".to_owned(), "unique constraint"),
        ("INSERT INTO approval_request SELECT * FROM approval_request".to_owned(), "unique constraint"),
        ("UPDATE distribution_state SET approval_expires_ns = NULL".to_owned(), "check constraint"),
    ] {
        let refused = sql_query(&statement).execute(&mut conn).await.expect_err("it is decided");
        assert!(refused.to_string().contains(why), "{statement}: {refused}");
    }
}
