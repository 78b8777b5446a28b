//! `bursar bench`: the whole path beside a bare loop, in one table.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use crate::bench;
use crate::demo::{Holders, Options};
use crate::error::CommandError;
use crate::output::Screen;
use crate::session::Globals;
use crate::suite::{Suite, SuiteConfig};

/// Measure the whole path on a sandbox without latency, beside a bare loop of COPY and batch commits.
#[derive(Debug, clap::Args)]
pub struct Bench {
    /// How many holders to generate, or a CSV file (address,balance; 8 decimals).
    #[arg(long, value_name = "N|FILE", default_value = "100000")]
    holders: Holders,
}

impl Bench {
    /// Runs it in a temporary folder.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let screen = Screen::of(globals);
        // A thousand million USDC: enough that nobody gets zero by rounding.
        let pool = 1_000_000_000_000_000;
        let options = Options { holders: self.holders.csv()?, pool, out: None, parallelism: 1 };
        // The database's account must pass through when we are root.
        let permissions = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("bursar-bench-").permissions(permissions).tempdir()?;
        let suite = Suite::start(bench::tuned(SuiteConfig::new(folder.path()).on_sandbox())).await?;
        let measured = bench::run(&suite, &options, screen).await;
        let stopped = suite.stop().await;
        measured.and(stopped.map_err(CommandError::from))
    }
}
