//! Reservations against each other, and against what they were calculated from.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use ids::{AssetId, DistributionId, RunId, SystemIds, Uuid};
use pg::DbConfig;
use pg::testing::TestDb;

use super::{Payees, RESERVE, Redeemed, Reservation, StoreError, read, redeem, release, reserve};
use crate::domain::account::{Account, EvmAddress};
use crate::domain::calculation::{AmountRule, Line, Outcome, Totals};
use crate::domain::distribution::{Balances, Distribution, Entitlements, FromHolders};
use crate::domain::kind::Kind;
use crate::store::entitlements::{Holding, Writer};
use crate::store::tests::{connect, distribution, holders};
use crate::store::{MIGRATIONS, calculations, distributions};

const BALANCE: u128 = 100;

fn account(number: u64) -> Account {
    Account::from_number(number).expect("small")
}

/// A redemption of an asset whose two payees hold 100 each, of which `counted` is counted, calculated at `version`.
async fn calculated(db: &DbConfig, asset: AssetId, version: i64, counted: u128) -> Reservation {
    calculated_of(2, db, asset, version, counted).await
}

async fn calculated_of(
    payee_count: u32,
    db: &DbConfig,
    asset: AssetId,
    version: i64,
    counted: u128,
) -> Reservation {
    let mut conn = connect(db).await;
    let mut terms = distribution().terms;
    let rule = AmountRule::PerToken("1".parse().expect("a rate"));
    terms.kind = Kind::Redemption;
    terms.source = FromHolders { asset, rule, ..holders() }.into();
    let (id, run) = (DistributionId::new(&SystemIds), RunId::new(&SystemIds));
    let redemption = Distribution { id, run, terms, ..distribution() };
    distributions::insert(&mut conn, &redemption).await.expect("stored");
    let calculation = RunId::new(&SystemIds).as_uuid();
    let mut writer = Writer::begin(&db.url, calculation).await.expect("begun");
    for ordinal in 0..payee_count {
        let holder = account(1001 + u64::from(ordinal));
        let holding = Holding { evm: EvmAddress([0; 20]), balance: BALANCE, counted: Some(counted) };
        let line = Line::plain(counted, Outcome::Payee { ordinal });
        writer.write(holder, Some(&holding), &line).await.expect("written");
    }
    writer.finish().await.expect("written");
    let (distribution, consensus_ns, supply) = (redemption.id, 7, 500 * u128::from(payee_count));
    Reservation { distribution, asset, calculation, payee_count, version, consensus_ns, supply }
}

/// Makes the calculation count and reserves.
async fn store(conn: &mut AsyncPgConnection, new: &Reservation) -> Result<(), StoreError> {
    let totals = Totals { payee_count: new.payee_count, ..Totals::default() };
    let result = Entitlements {
        calculation: new.calculation,
        balances: Some(Balances { snapshot: holders().snapshot.id(), consensus_ns: new.consensus_ns }),
        totals,
        root: [0; 32],
        approvers: 0,
    };
    calculations::insert(conn, new.distribution, 1, &result, 1).await?;
    reserve(conn, new).await
}

async fn stored(db: &DbConfig, new: &Reservation) -> Result<(), StoreError> {
    let new = *new;
    pg::transaction(&mut connect(db).await, async move |conn| store(conn, &new).await).await
}

async fn taken(db: &DbConfig, asset: AssetId) -> Redeemed {
    read(&mut connect(db).await, asset).await.expect("read")
}

fn both(units: u128) -> Vec<(Account, u128)> {
    vec![(account(1001), units), (account(1002), units)]
}

#[tokio::test]
async fn a_reservation_counts_only_at_the_version_it_was_calculated_at() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let asset = AssetId::new(&SystemIds);
    let (first, second) = (calculated(&db, asset, 0, 60).await, calculated(&db, asset, 0, 40).await);
    stored(&db, &first).await.expect("it is the first");
    let overtaken = stored(&db, &second).await.expect_err("something was reserved since");
    assert!(matches!(overtaken, StoreError::Overtaken), "{overtaken:?}");
    let expected = Redeemed { version: 1, consensus_ns: 7, supply: 1_000, taken: 120, holdings: both(60) };
    assert_eq!(taken(&db, asset).await, expected);
    stored(&db, &Reservation { version: 1, ..second }).await.expect("40 are left of each");
    assert_eq!(taken(&db, asset).await.holdings, both(100));
}

#[derive(diesel::QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    text: String,
}

#[tokio::test]
async fn a_reservation_joins_sets_though_the_pool_plans_lookups() {
    const PAYEES: u32 = 3_000;
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let asset = AssetId::new(&SystemIds);
    stored(&db, &calculated_of(PAYEES, &db, asset, 0, 60).await).await.expect("it is the first");
    let second = calculated_of(PAYEES, &db, asset, 1, 40).await;
    let pool = pg::connect(&db, pg::Planner::Lookups).await.expect("a pool");
    let mut conn = pool.get().await.expect("a connection");
    let plan: Vec<PlanLine> = pg::transaction(&mut conn, async move |conn| {
        pg::join_sets(conn).await?;
        let explain = diesel::sql_query(format!("EXPLAIN {RESERVE}"))
            .bind::<diesel::sql_types::Uuid, _>(second.distribution.as_uuid())
            .bind::<diesel::sql_types::Uuid, _>(asset.as_uuid())
            .bind::<diesel::sql_types::Uuid, _>(second.calculation);
        diesel_async::RunQueryDsl::load(explain, conn).await
    })
    .await
    .map_err(|error: diesel::result::Error| error)
    .expect("a plan");
    let plan: Vec<&str> = plan.iter().map(|line| line.text.as_str()).collect();
    let joined = plan.iter().any(|line| {
        line.contains("Hash Left Join")
            || line.contains("Hash Right Join")
            || line.contains("Merge Left Join")
    });
    assert!(joined, "{plan:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_waits_for_one_that_is_under_way_and_then_sees_it() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let asset = AssetId::new(&SystemIds);
    let (first, second) = (calculated(&db, asset, 0, 100).await, calculated(&db, asset, 0, 100).await);
    // The row is there, so that only its lock keeps the two apart.
    diesel_async::RunQueryDsl::execute(
        diesel::sql_query(format!("INSERT INTO redeemable (asset_id) VALUES ('{}')", asset.as_uuid())),
        &mut connect(&db).await,
    )
    .await
    .expect("stored");
    let (reserved, seen) = tokio::sync::oneshot::channel();
    let slow = {
        let mut conn = connect(&db).await;
        tokio::spawn(async move {
            pg::transaction(&mut conn, async move |conn| {
                store(conn, &first).await?;
                reserved.send(()).expect("somebody waits");
                tokio::time::sleep(Duration::from_millis(500)).await;
                Ok::<_, StoreError>(())
            })
            .await
        })
    };
    seen.await.expect("reserved");
    let overtaken = stored(&db, &second).await.expect_err("it has waited");
    assert!(matches!(overtaken, StoreError::Overtaken), "{overtaken:?}");
    slow.await.expect("no panic").expect("stored");
    assert_eq!(taken(&db, asset).await.taken, 200);
}

#[tokio::test]
async fn what_is_counted_wrongly_is_refused_by_the_tables_themselves() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let asset = AssetId::new(&SystemIds);
    let first = calculated(&db, asset, 0, 60).await;
    stored(&db, &first).await.expect("it is the first");
    let too_much = calculated(&db, asset, 1, 41).await;
    let refused = stored(&db, &too_much).await.expect_err("60 and 41 are more than 100");
    assert!(format!("{refused:?}").contains("redemption_holding_check"), "{refused:?}");
    let other = AssetId::new(&SystemIds);
    let beyond = Reservation { supply: 199, ..calculated(&db, other, 0, 100).await };
    let refused = stored(&db, &beyond).await.expect_err("200 of 199");
    assert!(format!("{refused:?}").contains("redeemable_check"), "{refused:?}");
    assert_eq!(taken(&db, other).await, Redeemed::default());
    let again = stored(&db, &first).await.expect_err("it is reserved already");
    assert!(format!("{again:?}").contains("calculation_calculation_id_key"), "{again:?}");
}

#[tokio::test]
async fn an_outcome_is_written_once_and_only_what_is_released_can_be_reserved_again() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let asset = AssetId::new(&SystemIds);
    let first = calculated(&db, asset, 0, 100).await;
    stored(&db, &first).await.expect("it is the first");
    let (mut conn, id) = (connect(&db).await, first.distribution);
    redeem(&mut conn, id, &Payees::These(vec![0]), 1).await.expect("recorded");
    for _ in 0..2 {
        release(&mut conn, id, asset, &Payees::All, 2).await.expect("recorded");
    }
    let left = taken(&db, asset).await;
    assert_eq!((left.taken, left.holdings), (100, vec![(account(1001), 100)]), "what is paid stays");
    redeem(&mut conn, id, &Payees::All, 3).await.expect("recorded");
    assert_eq!(taken(&db, asset).await.taken, 100, "what is released stays released");
    let nothing = release(&mut conn, id, AssetId::new(&SystemIds), &Payees::All, 2).await;
    nothing.expect("an asset without redemptions has nothing to give back");
    let unknown: Uuid = RunId::new(&SystemIds).as_uuid();
    let unknown = DistributionId::from_uuid(unknown);
    release(&mut conn, unknown, asset, &Payees::All, 2).await.expect("nothing of it is reserved");
}
