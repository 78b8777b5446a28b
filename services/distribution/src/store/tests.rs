//! The tables against the migrations, and leases against each other.

use std::time::Duration;

use diesel::sql_query;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use ids::{AssetId, DistributionId, FundingAccountId, RunId, SnapshotId, SystemIds};
use money::{AssetCode, Network};
use pg::DbConfig;
use pg::testing::{Declared, TestDb, assert_schema_matches};

use super::leases::{self, Wake};
use super::{MIGRATIONS, StoreError, distributions, schema};
use crate::domain::account::Account;
use crate::domain::calculation::{AmountRule, PoolBase};
use crate::domain::distribution::{Distribution, RetryPolicy, SnapshotChoice, Terms};
use crate::domain::kind::Kind;
use crate::domain::state::State;
use crate::domain::treatment::{Parties, Treatment};

const TTL: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_declared_tables_are_those_of_the_migrations() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    let declared = [
        Declared::table(schema::distribution::table),
        Declared::table(schema::holder_decision::table),
        Declared::table(schema::distribution_state::table),
        Declared::table(schema::calculation::table),
        Declared::table(schema::entitlement::table),
        Declared::table(schema::redemption_account::table),
        Declared::table(schema::redeemable::table),
        Declared::table(schema::redemption_holding::table),
        Declared::table(schema::redemption_outcome::table),
        Declared::table(schema::schedule::table),
        Declared::table(schema::schedule_version::table),
        Declared::table(schema::schedule_holder_decision::table),
        Declared::table(schema::schedule_state::table),
        Declared::table(schema::occurrence::table),
        Declared::table(schema::amendment::table),
        Declared::table(schema::amended_holder_decision::table),
        Declared::table(schema::approval_policy::table),
        Declared::table(schema::approval_tier::table),
        Declared::table(schema::approval_request::table),
        Declared::table(schema::approval::table),
        Declared::table(schema::approval_rejection::table),
        Declared::installation(),
    ];
    assert_schema_matches(&mut conn, &declared).await;
}

pub(super) async fn connect(db: &DbConfig) -> AsyncPgConnection {
    AsyncPgConnection::establish(&db.url).await.expect("a connection")
}

pub(super) fn distribution() -> Distribution {
    let account = |number| Account::from_number(number).expect("small");
    let parties = Parties { treasury: account(2), funding: account(3), fee_payer: account(3) };
    let terms = Terms {
        asset: AssetId::new(&SystemIds),
        accounts: [account(7), account(5)].into(),
        label: "Dividend".to_owned(),
        kind: Kind::Dividend,
        rule: AmountRule::Pool { units: 10, base: PoolBase::TotalSupply },
        payment_token: AssetCode::hbar(Network::Sandbox),
        payment_decimals: 8,
        funding_account: FundingAccountId::new(&SystemIds),
        parties,
        record_time_ns: 1_795_188_269_124_372_290,
        snapshot: SnapshotChoice::Own(SnapshotId::new(&SystemIds)),
        decisions: [(account(5), Treatment::Hold), (account(7), Treatment::Exclude)].into(),
        batch_size: 100,
        parallelism: 1,
        retry: RetryPolicy::default(),
        execute_now: false,
    };
    Distribution {
        id: DistributionId::new(&SystemIds),
        run: RunId::new(&SystemIds),
        terms,
        terms_version: 1,
        amendments: Vec::new(),
        created_by: "alice".to_owned(),
        created_ns: 1_795_188_270_000_000_001,
        state: State::SnapshotWanted,
        version: 1,
        cancel_reason: String::new(),
        executed_ns: None,
        entitlements: None,
        report: None,
        requests: Vec::new(),
    }
}

#[tokio::test]
async fn a_distribution_is_read_back_as_it_was_stored_to_the_nanosecond() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    let mut stored = distribution();
    distributions::insert(&mut conn, &stored).await.expect("stored");
    assert_eq!(distributions::find(&mut conn, stored.id).await.expect("read"), Some(stored.clone()));
    stored.id = DistributionId::new(&SystemIds);
    let twice = distributions::insert(&mut conn, &stored).await;
    assert!(twice.is_err(), "a second distribution with the same run");
}

#[tokio::test]
async fn a_lease_is_one_holders_and_after_a_take_over_the_former_one_writes_nothing() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let (mut first, mut second) = (connect(&db).await, connect(&db).await);
    distributions::insert(&mut first, &distribution()).await.expect("stored");
    let held = leases::claim(&mut first, TTL).await.expect("a claim").expect("it is due");
    assert!(leases::claim(&mut second, TTL).await.expect("a claim").is_none(), "somebody has it");
    leases::renew(&mut first, &held, TTL).await.expect("it is held");

    sql_query("UPDATE distribution_state SET lease_until = now() - interval '1 second'")
        .execute(&mut first)
        .await
        .expect("time passes");
    let taken = leases::claim(&mut second, TTL).await.expect("a claim").expect("it ran out");
    let lost = leases::renew(&mut first, &held, TTL).await.expect_err("it is another's");
    assert!(matches!(lost, StoreError::LeaseLost));
    assert!(matches!(held.lock(&mut first).await, Err(StoreError::LeaseLost)));
    leases::release(&mut first, &held, Wake::After(Duration::ZERO), 0).await.expect("left alone");
    assert!(leases::claim(&mut first, TTL).await.expect("a claim").is_none(), "the new holder still has it");
    taken.lock(&mut second).await.expect("it is the holder");
}

#[tokio::test]
async fn what_changed_while_a_lease_was_held_is_looked_at_again_at_once() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    distributions::insert(&mut conn, &distribution()).await.expect("stored");
    let lease = leases::claim(&mut conn, TTL).await.expect("a claim").expect("it is due");
    leases::release(&mut conn, &lease, Wake::Never, 0).await.expect("given back");
    assert!(leases::claim(&mut conn, TTL).await.expect("a claim").is_none(), "it rests");

    sql_query("UPDATE distribution_state SET wake_at = now()").execute(&mut conn).await.expect("woken");
    let lease = leases::claim(&mut conn, TTL).await.expect("a claim").expect("it is due");
    sql_query("UPDATE distribution_state SET version = version + 1")
        .execute(&mut conn)
        .await
        .expect("changed");
    leases::release(&mut conn, &lease, Wake::Never, 3).await.expect("given back");
    let again = leases::claim(&mut conn, TTL).await.expect("a claim").expect("it changed");
    assert_eq!(again.misses, 3);
}
