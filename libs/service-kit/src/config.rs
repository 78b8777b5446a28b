//! What every service can be told, by flag or by environment (`BURSAR_…`).

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::net::TcpListener;

use crate::StartError;
use crate::telemetry::Format;

/// What every service is told.
#[derive(Args, Clone, Debug)]
pub struct ServiceArgs {
    /// Where to serve.
    #[command(flatten)]
    pub listen: ListenArgs,
    /// The service's database.
    #[command(flatten)]
    pub db: DbArgs,
    /// The keys by which services know each other.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// The log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Where to serve.
#[derive(Args, Clone, Copy, Debug)]
pub struct ListenArgs {
    /// Address and port to serve gRPC on; port 0 takes a free one
    #[arg(long, env = "BURSAR_LISTEN", default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub listen: SocketAddr,
}

impl ListenArgs {
    /// Opens the socket.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(&self) -> Result<TcpListener, StartError> {
        let failed = |error| StartError::because(format!("listen on {}", self.listen), error);
        TcpListener::bind(self.listen).await.map_err(failed)
    }
}

/// The service's database. `Debug` shows no password.
#[derive(Args, Clone)]
pub struct DbArgs {
    /// URL of the service's database, with the role that runs it
    #[arg(long, env = "BURSAR_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: String,

    /// URL of the same database with the role that owns and migrates it
    #[arg(long, env = "BURSAR_DATABASE_OWNER_URL", hide_env_values = true, value_name = "URL")]
    pub database_owner_url: String,

    /// Connections the service opens at most
    #[arg(long, env = "BURSAR_DATABASE_CONNECTIONS", default_value_t = 10, value_name = "N")]
    pub database_connections: u32,
}

impl fmt::Debug for DbArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbArgs")
            .field("database_connections", &self.database_connections)
            .finish_non_exhaustive()
    }
}

impl From<DbArgs> for pg::DbConfig {
    fn from(args: DbArgs) -> pg::DbConfig {
        pg::DbConfig {
            url: args.database_url,
            owner_url: args.database_owner_url,
            max_connections: args.database_connections,
        }
    }
}

/// The keys by which services know each other.
#[derive(Args, Clone, Debug)]
pub struct KeyArgs {
    /// Folder with this service's key `<service>.pem` and the public keys `<caller>.pub.pem` of its callers
    #[arg(long, env = "BURSAR_KEYS_DIR", value_name = "DIR")]
    pub keys_dir: PathBuf,
}

/// The log.
#[derive(Args, Clone, Copy, Debug)]
pub struct LogArgs {
    /// How log lines look; what is in them is said by the environment's `BURSAR_LOG`
    #[arg(long, env = "BURSAR_LOG_FORMAT", value_enum, default_value_t = Format::Text)]
    pub log_format: Format,
}

#[cfg(test)]
mod tests {
    use super::ServiceArgs;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        service: ServiceArgs,
    }

    #[test]
    fn the_groups_fit_together_and_show_no_password() {
        let urls =
            ["--database-url", "postgres://a:canary@h/d", "--database-owner-url", "postgres://o:canary@h/d"];
        let line = ["service"].into_iter().chain(urls).chain(["--keys-dir", "/keys"]);
        let parsed = Program::try_parse_from(line).expect("a complete command line");
        assert!(parsed.service.db.database_url.contains("canary"), "the value itself is kept");
        assert!(!format!("{parsed:?}").contains("canary"));
    }
}
