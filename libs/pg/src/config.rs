//! Where a service's database is, and how connections are named in messages without their passwords.

use std::fmt;

use tokio_postgres::config::Host;

/// Connections one service keeps open when nothing else is said.
const MAX_CONNECTIONS_DEFAULT: u32 = 16;

/// A service's database: one address per role.
#[derive(Clone, PartialEq, Eq)]
pub struct DbConfig {
    /// URL of the runtime login role, which may do only what the migrations granted.
    pub url: String,
    /// URL of the owner role, which migrates and does nothing else.
    pub owner_url: String,
    /// Upper bound of the runtime pool.
    pub max_connections: u32,
}

impl DbConfig {
    /// A database with the default pool size.
    pub fn new(url: impl Into<String>, owner_url: impl Into<String>) -> Self {
        Self { url: url.into(), owner_url: owner_url.into(), max_connections: MAX_CONNECTIONS_DEFAULT }
    }
}

impl fmt::Debug for DbConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbConfig")
            .field("url", &describe(&self.url))
            .field("owner_url", &describe(&self.owner_url))
            .field("max_connections", &self.max_connections)
            .finish()
    }
}

/// `role@host/database` of a connection URL: all of it that may appear in logs and errors.
pub(crate) fn describe(url: &str) -> String {
    let Ok(config) = url.parse::<tokio_postgres::Config>() else {
        return "<unreadable database URL>".to_owned();
    };
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    format!("{}@{hosts}/{}", config.get_user().unwrap_or("?"), config.get_dbname().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::{DbConfig, describe};

    #[test]
    fn debug_output_shows_where_but_never_the_password() {
        let config = DbConfig::new(
            "postgres://app:s3cret@db.example:5433/bursar_asset",
            "host=/tmp/x user=owner password=hidden dbname=bursar_asset",
        );
        let text = format!("{config:?}");
        assert!(text.contains("app@db.example/bursar_asset"), "{text}");
        assert!(text.contains("owner@/tmp/x/bursar_asset"), "{text}");
        assert!(!text.contains("s3cret") && !text.contains("hidden"), "{text}");
    }

    #[test]
    fn an_unreadable_url_is_not_echoed() {
        assert_eq!(describe("postgres://app:s3cret@host:notaport/x"), "<unreadable database URL>");
    }
}
