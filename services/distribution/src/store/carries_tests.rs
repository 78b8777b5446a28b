//! Who may pay what was carried forward: one, and only as long as it may.

use diesel_async::AsyncPgConnection;
use ids::{AssetId, DistributionId, RunId, SystemIds};
use pg::DbConfig;
use pg::testing::TestDb;

use super::{
    Carry, CarryStatus, Cursor, Filter, RESERVE, Reservation, StoreError, brought, list, open, release,
    release_all, release_superseded, reserve,
};
use crate::domain::account::{Account, EvmAddress};
use crate::domain::calculation::{Line, Outcome, Totals};
use crate::domain::deduction::OpenCarries;
use crate::domain::distribution::{
    Balances, Distribution, Entitlements, FromHolders, FromList, RunReport, Source, Terms,
};
use crate::domain::state::State;
use crate::store::entitlements::{Holding, Writer};
use crate::store::listed_payees::{ListedPayee, Writer as ListWriter};
use crate::store::states::{self, Besides};
use crate::store::tests::{connect, distribution, holders};
use crate::store::{MIGRATIONS, calculations, distributions};

fn account(number: u64) -> Account {
    Account::from_number(number).expect("small")
}

fn carried(units: u128) -> Line {
    Line { carried: units, ..Line::plain(0, Outcome::Carried) }
}

fn paid(ordinal: u32, brought: u128) -> Line {
    Line { brought, ..Line::plain(brought + 5, Outcome::Payee { ordinal }) }
}

/// A distribution of the asset that is stored, and the calculation with these lines that does not count yet.
async fn calculated(db: &DbConfig, asset: AssetId, lines: &[(u64, Line)]) -> Reservation {
    let mut conn = connect(db).await;
    let whole = distribution();
    let terms = whole.terms.with_source(Source::from(FromHolders { asset, ..holders() }));
    let (id, run) = (DistributionId::new(&SystemIds), RunId::new(&SystemIds));
    let payment_token = "hedera:sandbox/token:0.0.7000".parse().expect("a code");
    let terms = Terms { payment_token, ..terms };
    let whole = Distribution { id, run, terms, ..whole };
    distributions::insert(&mut conn, &whole).await.expect("stored");
    let calculation = RunId::new(&SystemIds).as_uuid();
    let mut writer = Writer::begin(&db.url, calculation).await.expect("begun");
    for (number, line) in lines {
        let holding = Holding { evm: EvmAddress([0; 20]), balance: 1, counted: None };
        writer.write(account(*number), Some(&holding), line).await.expect("written");
    }
    writer.finish().await.expect("written");
    Reservation { distribution: id, asset, payment_token: whole.terms.payment_token, calculation }
}

/// Makes the calculation count and reserves what it brings forward.
async fn counted(db: &DbConfig, new: &Reservation) -> Result<(), StoreError> {
    let result = Entitlements {
        calculation: new.calculation,
        balances: Some(Balances { snapshot: holders().snapshot.id(), consensus_ns: 7 }),
        totals: Totals::default(),
        root: [0; 32],
        approvers: 0,
    };
    let (id, new) = (new.distribution, new.clone());
    pg::transaction(&mut connect(db).await, async move |conn| {
        calculations::insert(conn, id, 1, &result, 1).await?;
        reserve(conn, &new).await
    })
    .await
}

/// Execution has the run.
async fn begun(conn: &mut AsyncPgConnection, id: DistributionId) {
    let report = RunReport { progress: vec![1], failed_payouts: 0 };
    states::set_report(conn, id, &report).await.expect("written");
}

async fn put(conn: &mut AsyncPgConnection, id: DistributionId, state: State) {
    states::set(conn, id, &state, &Besides::default()).await.expect("written");
}

/// A distribution that carries these amounts forward, and whose run execution has.
async fn carrying(db: &DbConfig, asset: AssetId, amounts: &[(u64, u128)]) -> Reservation {
    let lines: Vec<(u64, Line)> = amounts.iter().map(|(number, units)| (*number, carried(*units))).collect();
    let first = calculated(db, asset, &lines).await;
    counted(db, &first).await.expect("it brings nothing forward");
    begun(&mut connect(db).await, first.distribution).await;
    first
}

async fn open_of(conn: &mut AsyncPgConnection, new: &Reservation) -> Vec<(u64, u128)> {
    let OpenCarries(open) = open(conn, new.asset, &new.payment_token).await.expect("read");
    open.into_iter().map(|(account, units)| (account.number(), units)).collect()
}

#[tokio::test]
async fn what_is_carried_is_open_only_once_its_own_run_is_there_and_until_it_is_cancelled() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    let asset = AssetId::new(&SystemIds);
    let first = calculated(&db, asset, &[(1001, carried(40)), (1002, paid(0, 0)), (1003, carried(1))]).await;
    counted(&db, &first).await.expect("it brings nothing forward");
    assert_eq!(open_of(&mut conn, &first).await, [], "nothing of it may ever be paid yet");
    begun(&mut conn, first.distribution).await;
    assert_eq!(open_of(&mut conn, &first).await, [(1001, 40), (1003, 1)]);
    let other_token = "hedera:sandbox/hbar".parse().expect("a code");
    assert_eq!(open(&mut conn, asset, &other_token).await.expect("read"), OpenCarries::default());
    let other_asset = AssetId::new(&SystemIds);
    let found = open(&mut conn, other_asset, &first.payment_token).await.expect("read");
    assert_eq!(found, OpenCarries::default());

    put(&mut conn, first.distribution, State::Cancelling).await;
    assert_eq!(open_of(&mut conn, &first).await, []);
    // The cancel came too late: all of it was paid.
    put(&mut conn, first.distribution, State::Completed { ended_ns: 1 }).await;
    assert_eq!(open_of(&mut conn, &first).await, [(1001, 40), (1003, 1)]);
}

#[tokio::test]
async fn a_distribution_that_pays_nobody_carries_forward_when_it_is_complete() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    let first = calculated(&db, AssetId::new(&SystemIds), &[(1001, carried(40))]).await;
    counted(&db, &first).await.expect("it brings nothing forward");
    put(&mut conn, first.distribution, State::Completed { ended_ns: 1 }).await;
    assert_eq!(open_of(&mut conn, &first).await, [(1001, 40)]);
}

#[tokio::test]
async fn what_is_open_is_reserved_by_one_and_only_as_it_was_calculated() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    let asset = AssetId::new(&SystemIds);
    let first = carrying(&db, asset, &[(1001, 40), (1002, 30), (1003, 20)]).await;
    carrying(&db, asset, &[(1001, 2)]).await;
    assert_eq!(open_of(&mut conn, &first).await, [(1001, 42), (1002, 30), (1003, 20)]);

    let stale = calculated(&db, asset, &[(1001, paid(0, 40)), (1002, paid(1, 30))]).await;
    let overtaken = counted(&db, &stale).await.expect_err("1001 has 42 by now");
    assert!(matches!(overtaken, StoreError::Overtaken), "{overtaken:?}");
    let lines = [(1001, paid(0, 42)), (1002, paid(1, 30))];
    let (taker, late) = (calculated(&db, asset, &lines).await, calculated(&db, asset, &lines).await);
    counted(&db, &taker).await.expect("it is as it was read");
    assert_eq!(open_of(&mut conn, &first).await, [(1003, 20)]);
    let overtaken = counted(&db, &late).await.expect_err("it is another's");
    assert!(matches!(overtaken, StoreError::Overtaken), "{overtaken:?}");
    assert_eq!(brought(&mut conn, taker.calculation).await.expect("read"), [(0, 42), (1, 30)]);

    // Who has taken it keeps it, also when who owes it is cancelled.
    put(&mut conn, first.distribution, State::Cancelled { ended_ns: 1 }).await;
    let filter = Filter { asset, payment_token: None, account: None, status: None };
    let found = list(&mut conn, &filter, None, 10).await.expect("read");
    let seen = |carry: &Carry| (carry.account.number(), carry.units, carry.status, carry.taken_by);
    let by = Some(taker.distribution);
    let expected = [
        (1001, 40, CarryStatus::Taken, by),
        (1001, 2, CarryStatus::Taken, by),
        (1002, 30, CarryStatus::Taken, by),
        (1003, 20, CarryStatus::Void, None),
    ];
    assert_eq!(found.iter().map(seen).collect::<Vec<_>>(), expected);
    let after = Some(Cursor::after(&found[0]));
    let of_one = Filter { account: Some(account(1001)), status: Some(CarryStatus::Taken), ..filter };
    assert_eq!(list(&mut conn, &of_one, after, 10).await.expect("read"), found[1..2]);
}

#[tokio::test]
async fn two_at_once_reserve_it_once() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let asset = AssetId::new(&SystemIds);
    let first = carrying(&db, asset, &[(1001, 40), (1002, 30)]).await;
    for round in 0..20 {
        // Both want both, or one wants one of them.
        let lines = [(1001, paid(0, 40)), (1002, paid(1, 30))];
        let one = calculated(&db, asset, &lines).await;
        let other = calculated(&db, asset, &lines[round % 2..]).await;
        let (a, b) = tokio::join!(counted(&db, &one), counted(&db, &other));
        assert!(a.is_ok() != b.is_ok(), "round {round}: {a:?} {b:?}");
        let mut conn = connect(&db).await;
        let winner = if a.is_ok() { &one } else { &other };
        let left: &[(u64, u128)] = if a.is_ok() || round % 2 == 0 { &[] } else { &[(1001, 40)] };
        assert_eq!(open_of(&mut conn, &first).await, left, "round {round}");
        release_all(&mut conn, winner.distribution).await.expect("released");
        assert_eq!(open_of(&mut conn, &first).await, [(1001, 40), (1002, 30)]);
    }
}

#[tokio::test]
async fn it_is_open_again_payout_by_payout_and_when_a_rerun_supersedes_them() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    let asset = AssetId::new(&SystemIds);
    let first = carrying(&db, asset, &[(1001, 40), (1002, 30), (1003, 20)]).await;
    let lines = [(1001, paid(0, 40)), (1002, paid(1, 30)), (1003, paid(2, 20))];
    let taker = calculated(&db, asset, &lines).await;
    counted(&db, &taker).await.expect("it is as it was read");
    let stranger = DistributionId::new(&SystemIds);
    release(&mut conn, stranger, &[0, 1, 2]).await.expect("nothing of it is reserved");
    release(&mut conn, taker.distribution, &[1]).await.expect("released");
    assert_eq!(open_of(&mut conn, &first).await, [(1002, 30)]);

    let rerun = DistributionId::new(&SystemIds);
    let mut writer = ListWriter::begin(&db.url, rerun).await.expect("begun");
    let payee =
        ListedPayee { account: account(2001), units: 5, reference: String::new(), note: String::new() };
    writer.write(&payee, Some(2)).await.expect("written");
    writer.finish().await.expect("written");
    release_superseded(&mut conn, taker.distribution, rerun).await.expect("released");
    assert_eq!(open_of(&mut conn, &first).await, [(1002, 30), (1003, 20)]);
}

#[tokio::test]
async fn a_list_brings_nothing_forward_and_reserves_nothing() {
    let whole = distribution();
    let asset = whole.terms.asset();
    let list = whole.terms.with_source(Source::List(FromList { asset, rerun_of: None }));
    assert!(!Distribution { terms: list, ..whole }.reserves());
}

#[derive(diesel::QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    text: String,
}

#[tokio::test]
async fn a_reservation_joins_sets_though_the_pool_plans_lookups() {
    const PAYEES: u64 = 3_000;
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let asset = AssetId::new(&SystemIds);
    let amounts: Vec<(u64, u128)> = (0..PAYEES).map(|place| (1001 + place, 40)).collect();
    carrying(&db, asset, &amounts).await;
    let lines: Vec<(u64, Line)> =
        (0_u32..).zip(&amounts).map(|(n, (account, _))| (*account, paid(n, 40))).collect();
    let taker = calculated(&db, asset, &lines).await;
    let pool = pg::connect(&db, pg::Planner::Lookups).await.expect("a pool");
    let mut conn = pool.get().await.expect("a connection");
    let plan: Vec<PlanLine> = pg::transaction(&mut conn, async move |conn| {
        pg::join_sets(conn).await?;
        let explain = diesel::sql_query(format!("EXPLAIN {RESERVE}"))
            .bind::<diesel::sql_types::Uuid, _>(taker.distribution.as_uuid())
            .bind::<diesel::sql_types::Uuid, _>(asset.as_uuid())
            .bind::<diesel::sql_types::Text, _>(taker.payment_token.as_str())
            .bind::<diesel::sql_types::Uuid, _>(taker.calculation);
        diesel_async::RunQueryDsl::load(explain, conn).await
    })
    .await
    .map_err(|error: diesel::result::Error| error)
    .expect("a plan");
    let plan: Vec<&str> = plan.iter().map(|line| line.text.as_str()).collect();
    assert!(
        !plan.iter().any(|line| line.contains("Nested Loop") && line.contains("entitlement")),
        "{plan:#?}"
    );
    let joined = plan.iter().filter(|line| line.contains("Hash") || line.contains("Merge")).count();
    assert!(joined > 0, "{plan:#?}");
}
