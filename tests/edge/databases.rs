//! One owner: a service's database is reached by its own two roles, and what is append-only stays as it was written.

use std::str::FromStr as _;

use bursar::suite::SERVICE_NAMES;
use pg::DbConfig;
use test_harness::Harness;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

/// Databases of the cluster that belong to no service.
const SHARED: [&str; 2] = ["postgres", "template1"];

/// Tables the running service only adds to.
const APPEND_ONLY: [(&str, &[&str]); 5] = [
    ("asset", &["installation"]),
    ("holder-sync", &["installation", "account", "balance_history"]),
    (
        "distribution",
        &[
            "installation",
            "distribution",
            "holder_decision",
            "calculation",
            "entitlement",
            "redemption_account",
            "redemption_holding",
            "redemption_outcome",
            "schedule",
            "schedule_version",
            "schedule_holder_decision",
            "occurrence",
            "amendment",
            "amended_holder_decision",
            "approval_policy",
            "approval_tier",
            "approval_request",
            "approval",
            "approval_rejection",
            "amount_terms",
            "withholding_rate",
            "held_payee",
            "listed_payee",
            "ingest_file",
            "ingest_error",
        ],
    ),
    (
        "execution",
        &[
            "installation",
            "funding_account",
            "instruction",
            "rail_effect",
            "attempt_event",
            "break",
            "doubt_proposal",
            "cancelled_run",
            "funding_limit",
            "superseded_payout",
            "withdrawal",
            "acknowledged_run",
        ],
    ),
    ("gateway", &["audit_attempt", "audit_outcome"]),
];

/// Tables whose rows the running service changes.
const CHANGING: [(&str, &[&str]); 5] = [
    ("asset", &["idempotency_key", "asset", "token_facts", "payment_token"]),
    (
        "holder-sync",
        &[
            "idempotency_key",
            "tracked_asset",
            "sync",
            "snapshot",
            "job",
            "reading",
            "staged_balance",
            "snapshot_balance",
            "holder",
        ],
    ),
    (
        "distribution",
        &[
            "idempotency_key",
            "distribution_state",
            "redeemable",
            "schedule_state",
            "ingest_upload",
            "ingest_line",
            "accepted_file",
            "accepted_reference",
            "carry_reservation",
        ],
    ),
    (
        "execution",
        &[
            "idempotency_key",
            "run",
            "batch",
            "attempt",
            "live_attempt",
            "pause",
            "asset_pause",
            "sweep",
            "sweep_payer",
            "swept_effect",
            "heartbeat",
            "spent_day",
            "instruction_load",
            "alert",
            "chosen_payout",
            "destination",
        ],
    ),
    ("gateway", &[]),
];

/// Tables from which the running service removes rows: what is accepted, queued, staged or held now, never what was.
const SHRINKING: [(&str, &[&str]); 5] = [
    ("asset", &["payment_token"]),
    ("holder-sync", &["job", "reading", "staged_balance", "snapshot_balance", "holder"]),
    (
        "distribution",
        &["ingest_upload", "ingest_line", "accepted_file", "accepted_reference", "carry_reservation"],
    ),
    ("execution", &["instruction_load"]),
    ("gateway", &[]),
];

/// Where a service's database is.
pub(crate) async fn of(harness: &Harness, service: &str) -> DbConfig {
    // Provisioning again changes nothing.
    harness.suite().cluster().provision(service).await.expect("it is provisioned")
}

/// Connects as a URL says.
pub(crate) async fn connect(url: &str) -> Result<Client, Error> {
    open(&Config::from_str(url).expect("a database's URL")).await
}

async fn open(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn database_of(service: &str) -> String {
    format!("bursar_{}", service.replace('-', "_"))
}

fn listed(lists: &[(&str, &'static [&'static str])], service: &str) -> &'static [&'static str] {
    lists
        .iter()
        .find(|(name, _)| *name == service)
        .map(|(_, tables)| *tables)
        .expect("every service is listed")
}

async fn columns(client: &Client, table: &str) -> Vec<String> {
    let query = "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    let rows = client.query(query, &[&table]).await.expect("the catalogue is readable");
    rows.iter().map(|row| row.get(0)).collect()
}

fn refused<T>(outcome: Result<T, Error>) -> bool {
    outcome.is_err_and(|error| error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_role_of_a_service_connects_to_the_database_of_another() {
    let harness = Harness::start().await.expect("started");
    for service in SERVICE_NAMES {
        let db = of(&harness, service).await;
        for url in [&db.url, &db.owner_url] {
            let config = Config::from_str(url).expect("a database's URL");
            let role = config.get_user().expect("a role").to_owned();
            let own = open(&config).await.unwrap_or_else(|error| panic!("{role} at home: {error}"));
            let others = SERVICE_NAMES.into_iter().filter(|other| *other != service);
            for database in others.map(database_of).chain(SHARED.map(str::to_owned)) {
                let outcome = open(config.clone().dbname(&database)).await;
                assert!(refused(outcome), "{role} got into {database}, or was refused for another reason");
            }
            for other in SERVICE_NAMES.map(database_of) {
                for taken in [format!("{other}_owner"), format!("{other}_app"), "bursar_admin".to_owned()] {
                    let outcome = own.batch_execute(&format!("SET ROLE {taken}")).await;
                    assert!(taken == role || refused(outcome), "{role} became {taken}");
                }
            }
        }
    }
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_append_only_cannot_be_changed_by_the_role_that_runs() {
    let harness = Harness::start().await.expect("started");
    for service in SERVICE_NAMES {
        let client = connect(&of(&harness, service).await.url).await.expect("its own role may");
        for table in listed(&APPEND_ONLY, service) {
            let mut statements = vec![format!("DELETE FROM {table}"), format!("TRUNCATE {table}")];
            let columns = columns(&client, table).await;
            statements.extend(columns.iter().map(|column| format!("UPDATE {table} SET {column} = DEFAULT")));
            assert!(!columns.is_empty(), "{service} has no table {table}");
            for statement in statements {
                let outcome = client.batch_execute(&statement).await;
                assert!(refused(outcome), "{service} may {statement}, or it failed for another reason");
            }
            client.query(&format!("SELECT FROM {table} LIMIT 1"), &[]).await.expect("it can be read");
        }
    }
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_listed_with_what_the_running_role_may_do_to_it() {
    let harness = Harness::start().await.expect("started");
    for service in SERVICE_NAMES {
        let client = connect(&of(&harness, service).await.url).await.expect("its own role may");
        let query = "SELECT relname::text, has_any_column_privilege(oid, 'UPDATE') OR has_table_privilege(oid, 'DELETE'),
                            has_table_privilege(oid, 'DELETE'), has_table_privilege(oid, 'TRUNCATE')
                     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                       AND relname <> '__diesel_schema_migrations' ORDER BY 1";
        let rows = client.query(query, &[]).await.expect("the catalogue is readable");
        let tables = |column: usize, value: bool| -> Vec<String> {
            rows.iter().filter(|row| row.get::<_, bool>(column) == value).map(|row| row.get(0)).collect()
        };
        let sorted = |lists| {
            let mut tables = listed(lists, service).to_vec();
            tables.sort_unstable();
            tables
        };
        assert_eq!(tables(1, false), sorted(&APPEND_ONLY), "append-only tables of {service}");
        assert_eq!(tables(1, true), sorted(&CHANGING), "changing tables of {service}");
        assert_eq!(tables(2, true), sorted(&SHRINKING), "tables of {service} that rows are removed from");
        assert_eq!(tables(3, true), Vec::<String>::new(), "{service} truncates");
    }
    harness.stop().await.expect("stopped");
}
