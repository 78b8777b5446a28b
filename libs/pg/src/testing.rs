//! Databases for tests: one cluster per test process, one migrated template per service, one copy per test.
//!
//! Test transactions do not work with pools, so every test gets a database of its own: about 10 ms each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, QueryFragment};
use diesel::sql_types::Text;
use diesel::{QueryableByName, debug_query, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use diesel_migrations::EmbeddedMigrations;
use tokio::sync::{Mutex, OnceCell};

use crate::DbConfig;
use crate::embedded::{Cluster, Durability, Options};

/// Several services with a pool each, in as many tests as run at once.
const CLUSTER_CONNECTIONS: u32 = 400;
const POOL_CONNECTIONS: u32 = 8;

type Template = Arc<OnceCell<()>>;

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
static TEMPLATES: Mutex<BTreeMap<String, Template>> = Mutex::const_new(BTreeMap::new());
static COPIES: AtomicU32 = AtomicU32::new(0);

/// The process's test cluster, started on first use. It stops, and its files go, when the process ends.
///
/// # Panics
/// When `PostgreSQL` cannot be started: no test can say anything then.
pub async fn cluster() -> &'static Cluster {
    CLUSTER
        .get_or_init(async || {
            let options = Options { durability: Durability::Test, max_connections: CLUSTER_CONNECTIONS };
            // A static is never dropped; the cluster's supervisor stops it and removes its folder all the same.
            Cluster::temporary(options).await.expect("a test cluster")
        })
        .await
}

/// A database of one test.
pub struct TestDb;

impl TestDb {
    /// A fresh database of `service` with its migrations applied.
    ///
    /// # Panics
    /// When the database cannot be made or a migration fails.
    pub async fn create(service: &str, migrations: EmbeddedMigrations) -> DbConfig {
        let cluster = cluster().await;
        let template = Arc::clone(TEMPLATES.lock().await.entry(service.to_owned()).or_default());
        template
            .get_or_init(async || {
                let config = cluster.provision(service).await.expect("a template database");
                crate::migrate(&config.owner_url, migrations).await.expect("migrations apply");
            })
            .await;
        clone(service, None).await
    }

    /// Another database of `service`, as this one is now. Nobody may be connected to it.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn copy(service: &str, db: &DbConfig) -> DbConfig {
        let config: tokio_postgres::Config = db.url.parse().expect("a URL of a database");
        clone(service, config.get_dbname()).await
    }
}

async fn clone(service: &str, original: Option<&str>) -> DbConfig {
    let copy = format!("{service}_{}", COPIES.fetch_add(1, Ordering::Relaxed));
    let config = cluster().await.clone_database(service, original, &copy).await.expect("a copy");
    DbConfig { max_connections: POOL_CONNECTIONS, ..config }
}

/// A table with its columns, as the code knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    table: String,
    columns: Vec<String>,
}

impl Declared {
    /// A table of `schema.rs`: what Diesel names when it reads all of it.
    ///
    /// # Panics
    /// When Diesel writes such a query in another way than it did so far.
    pub fn table<T>(table: T) -> Self
    where
        T: AsQuery,
        T::Query: QueryFragment<Pg>,
    {
        let query = debug_query::<Pg, _>(&table.as_query()).to_string();
        let (select, from) = query.split_once(" FROM ").expect("it selects from a table");
        let columns = quoted(select).skip(1).step_by(2).map(str::to_owned).collect();
        Self { table: quoted(from).next().expect("it names the table").to_owned(), columns }
    }

    /// A table that hand-written SQL alone reaches, with its columns separated by blanks.
    pub fn by_hand(table: &str, columns: &str) -> Self {
        Self { table: table.to_owned(), columns: columns.split_whitespace().map(str::to_owned).collect() }
    }

    /// The table of [`crate::installation`].
    pub fn installation() -> Self {
        Self::table(crate::schema::installation::table)
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|column| (self.table.as_str(), column.as_str()))
    }
}

/// The quoted names in a piece of SQL.
fn quoted(sql: &str) -> impl Iterator<Item = &str> {
    sql.split('"').skip(1).step_by(2)
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

/// Asserts that the tables of the database are exactly `expected`, with exactly these columns, in any order.
///
/// Diesel's own bookkeeping table and `idempotency_key`, whose columns [`crate::idempotency`] defines, are left out.
///
/// # Panics
/// With the difference, when there is one.
pub async fn assert_schema_matches(conn: &mut AsyncPgConnection, expected: &[Declared]) {
    let columns: Vec<Column> = sql_query(
        "SELECT c.relname::text AS table_name, a.attname::text AS column_name
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND a.attnum > 0 AND NOT a.attisdropped
           AND c.relname NOT IN ('__diesel_schema_migrations', 'idempotency_key')",
    )
    .load(conn)
    .await
    .expect("the catalogue is readable");
    let actual: BTreeSet<(&str, &str)> =
        columns.iter().map(|column| (column.table_name.as_str(), column.column_name.as_str())).collect();
    let declared: BTreeSet<(&str, &str)> = expected.iter().flat_map(Declared::pairs).collect();
    let undeclared: Vec<_> = actual.difference(&declared).collect();
    let missing: Vec<_> = declared.difference(&actual).collect();
    assert!(
        undeclared.is_empty() && missing.is_empty(),
        "schema.rs and the migrations disagree: only in the database {undeclared:?}, only in schema.rs {missing:?}"
    );
}
