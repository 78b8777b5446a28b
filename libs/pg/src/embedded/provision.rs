//! Databases and roles of the services.

use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls};

use super::{Cluster, EmbeddedError, data};
use crate::DbConfig;

/// The cluster's superuser. Only this module connects as it.
pub(super) const ADMIN_ROLE: &str = "bursar_admin";
/// Where the administrator connects when no service's database is meant.
pub(super) const ADMIN_DATABASE: &str = "postgres";

const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
const STATEMENT_DEADLINE: Duration = Duration::from_mins(1);
/// `PostgreSQL` cuts identifiers at 63 bytes; `bursar_…_owner` and a clone's suffix must fit.
const NAME_BYTES_MAX: usize = 40;
/// From this version on a template can be copied as files, which is five times faster for an empty database.
const FILE_COPY_SINCE: i32 = 150_000;

/// Names of one service's database and roles.
struct Names {
    service: String,
    database: String,
    owner: String,
    app: String,
}

impl Names {
    fn new(service: &str) -> Result<Self, EmbeddedError> {
        let base = format!("bursar_{}", plain(service)?);
        Ok(Self {
            service: service.to_owned(),
            owner: format!("{base}_owner"),
            app: format!("{base}_app"),
            database: base,
        })
    }
}

/// A name with `-` as `_`; only what needs no quoting in SQL.
fn plain(name: &str) -> Result<String, EmbeddedError> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.len() > NAME_BYTES_MAX
        || !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(good)
    {
        return Err(EmbeddedError::Name(name.to_owned()));
    }
    Ok(name.replace('-', "_"))
}

impl Cluster {
    /// Makes sure that a service has its database, its two roles and nobody else a way in; returns where it is.
    ///
    /// Database `bursar_<service>`, owner role `bursar_<service>_owner`, runtime role `bursar_<service>_app` (`-` in
    /// the name becomes `_`). Repeating it changes nothing.
    pub async fn provision(&self, service: &str) -> Result<DbConfig, EmbeddedError> {
        let names = Names::new(service)?;
        let _one_at_a_time = self.administration.lock().await;
        let config = self.config(&names, &names.database)?;
        let roles = [
            (&names.owner, data::password(&self.dir, &names.owner)?),
            (&names.app, data::password(&self.dir, &names.app)?),
        ];
        let work = async {
            let admin = self.admin(ADMIN_DATABASE).await?;
            for (role, password) in &roles {
                ensure_role(&admin, role, password).await?;
            }
            let present = "SELECT 1 FROM pg_database WHERE datname = $1";
            if admin.query_opt(present, &[&names.database]).await?.is_none() {
                let create = format!("CREATE DATABASE {} OWNER {}", names.database, names.owner);
                admin.batch_execute(&create).await?;
            }
            restrict(&admin, &names.database, &names.app).await
        };
        within(&names.database, work).await?;
        Ok(config)
    }

    /// Copies a provisioned service's database, or such a copy of it, to a new database `name`.
    ///
    /// Nobody may be connected to the original. A copy loses `REVOKE CONNECT`, so it is repeated here.
    pub async fn clone_database(
        &self,
        service: &str,
        copied: Option<&str>,
        name: &str,
    ) -> Result<DbConfig, EmbeddedError> {
        let names = Names::new(service)?;
        let original = copied.map_or_else(|| Ok(names.database.clone()), plain)?;
        let copy = plain(name)?;
        let config = self.config(&names, &copy)?;
        let _one_at_a_time = self.administration.lock().await;
        let work = async {
            let admin = self.admin(ADMIN_DATABASE).await?;
            let version: i32 =
                admin.query_one("SELECT current_setting('server_version_num')::int", &[]).await?.get(0);
            let strategy = if version >= FILE_COPY_SINCE { "STRATEGY FILE_COPY" } else { "" };
            let owner = &names.owner;
            let create = format!("CREATE DATABASE {copy} TEMPLATE {original} OWNER {owner} {strategy}");
            admin.batch_execute(&create).await?;
            restrict(&admin, &copy, &names.app).await
        };
        within(&copy, work).await?;
        Ok(config)
    }

    /// Nobody but the administrator connects to the databases `initdb` made.
    pub(super) async fn close_shared_databases(&self) -> Result<(), EmbeddedError> {
        let work = async {
            let admin = self.admin(ADMIN_DATABASE).await?;
            admin.batch_execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC").await
        };
        within(ADMIN_DATABASE, work).await
    }

    /// An administrator's connection, for one piece of work.
    pub(super) async fn admin(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = Config::new();
        config.host_path(self.sockets.path()).user(ADMIN_ROLE).password(&self.admin_password);
        config.dbname(database).connect_timeout(CONNECT_DEADLINE);
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "administrator's connection ended");
            }
        });
        // The server's log quotes failed statements, and ours carry passwords.
        client.batch_execute("SET log_min_error_statement = panic").await?;
        Ok(client)
    }

    fn config(&self, names: &Names, database: &str) -> Result<DbConfig, EmbeddedError> {
        let sockets = url_path(&self.sockets.path().display().to_string());
        let url = |role: &str| -> Result<String, EmbeddedError> {
            let password = data::password(&self.dir, role)?;
            let name = &names.service;
            Ok(format!("postgres://{role}:{password}@/{database}?host={sockets}&application_name={name}"))
        };
        Ok(DbConfig::new(url(&names.app)?, url(&names.owner)?))
    }
}

/// The role exists, can log in with its kept password, and is nothing more.
async fn ensure_role(admin: &Client, role: &str, password: &str) -> Result<(), tokio_postgres::Error> {
    let present = admin.query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&role]).await?;
    let verb = if present.is_some() { "ALTER" } else { "CREATE" };
    let rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";
    admin.batch_execute(&format!("{verb} ROLE {role} {rights} PASSWORD '{password}'")).await
}

/// Only the owner (by ownership) and the runtime role (by grant) connect.
async fn restrict(admin: &Client, database: &str, app: &str) -> Result<(), tokio_postgres::Error> {
    let revoke = format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC");
    admin.batch_execute(&format!("{revoke}; GRANT CONNECT ON DATABASE {database} TO {app}")).await
}

async fn within(
    name: &str,
    work: impl Future<Output = Result<(), tokio_postgres::Error>>,
) -> Result<(), EmbeddedError> {
    match tokio::time::timeout(STATEMENT_DEADLINE, work).await {
        Ok(done) => done.map_err(|source| EmbeddedError::Provision { name: name.to_owned(), source }),
        Err(_) => Err(EmbeddedError::Deadline { seconds: STATEMENT_DEADLINE.as_secs() }),
    }
}

/// A path as the value of a URL parameter.
fn url_path(path: &str) -> String {
    let literal = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes()
        .map(|byte| if literal(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{plain, url_path};

    #[test]
    fn service_names_become_plain_identifiers() {
        assert_eq!(plain("holder-sync").expect("a name"), "holder_sync");
        for bad in ["", "Asset", "a\"b", "a;b", "1a", "x".repeat(41).as_str()] {
            assert!(plain(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn odd_socket_paths_survive_in_a_url() {
        assert_eq!(url_path("/run/user/1000/bursar-a"), "/run/user/1000/bursar-a");
        assert_eq!(url_path("/tmp/a b&c"), "/tmp/a%20b%26c");
    }
}
