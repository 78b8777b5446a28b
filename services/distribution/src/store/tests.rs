//! The tables against the migrations, and leases against each other.

use std::time::Duration;

use diesel::sql_query;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use ids::{AssetId, DistributionId, FundingAccountId, RunId, SnapshotId, SystemIds};
use money::{AssetCode, Network, Rounding};
use pg::DbConfig;
use pg::testing::{Declared, TestDb, assert_schema_matches};

use super::leases::{self, Wake};
use super::listed_payees::{ListedPayee, Writer};
use super::{MIGRATIONS, StoreError, amendments, distributions, listed_payees, schema, states};
use crate::domain::account::Account;
use crate::domain::calculation::{AmountRule, PoolBase};
use crate::domain::deduction::{Deductions, Rate, Withholding};
use crate::domain::distribution::{
    Amendment, Distribution, FromHolders, FromList, RetryPolicy, SnapshotChoice, Source, Terms,
};
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
        Declared::table(schema::listed_payee::table),
        Declared::table(schema::held_payee::table),
        Declared::table(schema::ingest_upload::table),
        Declared::table(schema::ingest_line::table),
        Declared::table(schema::ingest_file::table),
        Declared::table(schema::ingest_error::table),
        Declared::table(schema::accepted_file::table),
        Declared::table(schema::accepted_reference::table),
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
        Declared::table(schema::amount_terms::table),
        Declared::table(schema::withholding_rate::table),
        Declared::table(schema::carry_reservation::table),
        Declared::installation(),
    ];
    assert_schema_matches(&mut conn, &declared).await;
}

pub(super) async fn connect(db: &DbConfig) -> AsyncPgConnection {
    AsyncPgConnection::establish(&db.url).await.expect("a connection")
}

fn account(number: u64) -> Account {
    Account::from_number(number).expect("small")
}

pub(super) fn holders() -> FromHolders {
    FromHolders {
        asset: AssetId::new(&SystemIds),
        accounts: [account(7), account(5)].into(),
        rule: AmountRule::Pool { units: 10, base: PoolBase::TotalSupply },
        deductions: Deductions::default(),
        record_time_ns: 1_795_188_269_124_372_290,
        snapshot: SnapshotChoice::Own(SnapshotId::new(&SystemIds)),
        decisions: [(account(5), Treatment::Hold), (account(7), Treatment::Exclude)].into(),
        execute_now: false,
    }
}

pub(super) fn distribution() -> Distribution {
    let parties = Parties { treasury: account(2), funding: account(3), fee_payer: account(3) };
    let source = Source::from(holders());
    let terms = Terms {
        label: "Dividend".to_owned(),
        kind: Kind::Dividend,
        source,
        payment_token: AssetCode::hbar(Network::Sandbox),
        payment_decimals: 8,
        funding_account: FundingAccountId::new(&SystemIds),
        parties,
        batch_size: 100,
        parallelism: 1,
        retry: RetryPolicy::default(),
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
async fn amounts_in_full_are_read_back_as_they_were_stored_in_each_version_of_the_terms() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    let decimal = |text: &str| text.parse().expect("a decimal");
    let rate = |group: &str, percent, accounts: [u64; 2]| Rate {
        group: group.to_owned(),
        percent: decimal(percent),
        accounts: accounts.map(account).into(),
    };
    let withholding = Withholding {
        default_percent: decimal("26.375"),
        rates: vec![rate("residents", "15", [9, 8]), rate("", "0", [5, 6])],
        rounding: Rounding::HalfUp,
    };
    let rule = AmountRule::PercentOfValue { percent: decimal("2.75"), value: decimal("1000") };
    let mut stored = distribution();
    let source = FromHolders { rule, deductions: Deductions { withholding, minimum: 500 }, ..holders() };
    stored.terms = stored.terms.with_source(source.clone().into());
    distributions::insert(&mut conn, &stored).await.expect("stored");
    assert_eq!(distributions::find(&mut conn, stored.id).await.expect("read"), Some(stored.clone()));

    let other = FromHolders { rule: AmountRule::PerHolder(7), deductions: Deductions::default(), ..source };
    let terms = stored.terms.with_source(other.into());
    let amendment =
        Amendment { version: 2, changed: vec!["amount_rule".to_owned()], by: "bob".to_owned(), at_ns: 1 };
    amendments::insert(&mut conn, stored.id, &terms, &amendment).await.expect("stored");
    states::set_terms_version(&mut conn, stored.id, 2).await.expect("in force");
    let read = distributions::find(&mut conn, stored.id).await.expect("read").expect("it is there");
    assert_eq!(read.terms, terms, "nothing of the former version is left");
}

/// A distribution to a list that is nobody's holders.
pub(super) fn listed() -> Distribution {
    let whole = distribution();
    let terms = Terms {
        kind: Kind::List,
        ..whole.terms.with_source(Source::List(FromList { asset: None, rerun_of: None }))
    };
    Distribution { terms, ..whole }
}

#[tokio::test]
async fn a_list_may_stand_for_an_asset_or_for_none_and_reads_back_as_it_was_stored() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    let mut of_an_asset = distribution();
    let asset = of_an_asset.terms.asset();
    of_an_asset.terms = of_an_asset.terms.with_source(Source::List(FromList { asset, rerun_of: None }));
    for stored in [listed(), of_an_asset] {
        distributions::insert(&mut conn, &stored).await.expect("stored");
        assert_eq!(distributions::find(&mut conn, stored.id).await.expect("read"), Some(stored));
    }
    let mut odd = distribution();
    odd.terms.kind = Kind::List;
    let refused = distributions::insert(&mut conn, &odd).await;
    assert!(refused.is_err(), "a list that is calculated from balances");
    let mut odd = listed();
    odd.terms.kind = Kind::Dividend;
    let refused = distributions::insert(&mut conn, &odd).await;
    assert!(refused.is_err(), "a dividend of no asset");
}

#[tokio::test]
async fn a_list_has_each_account_once_and_is_read_by_account() {
    let db = TestDb::create("distribution", MIGRATIONS).await;
    let mut conn = connect(&db).await;
    let id = DistributionId::new(&SystemIds);
    let payee = |number, units: u128| ListedPayee {
        account: account(number),
        units,
        reference: format!("INV-{number}"),
        note: String::new(),
    };
    let store = async |payees: Vec<ListedPayee>| {
        let mut writer = Writer::begin(&db.url, id).await.expect("begun");
        for payee in &payees {
            writer.write(payee, None).await?;
        }
        writer.finish().await
    };
    store(vec![payee(9, 1), payee(7, 2), payee(8, 3)]).await.expect("stored");
    let first = listed_payees::chunk(&mut conn, id, None, 2).await.expect("read");
    assert_eq!(first, [(account(7), 2), (account(8), 3)]);
    let rest = listed_payees::chunk(&mut conn, id, Some(account(8)), 2).await.expect("read");
    assert_eq!(rest, [(account(9), 1)]);

    assert!(store(vec![payee(10, 1), payee(7, 2)]).await.is_err(), "7 is on it");
    let all = listed_payees::chunk(&mut conn, id, None, 10).await.expect("read");
    assert_eq!(all.len(), 3, "nothing of what failed is stored");
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
