//! `bursar demo`: the main job against a misbehaving sandbox.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use service_kit::Shutdown;
use tracing_subscriber::EnvFilter;

use crate::demo::{self, Holders, Options};
use crate::error::CommandError;
use crate::output::Screen;
use crate::sandbox_control::ControlError;
use crate::session::Globals;
use crate::suite::{Suite, SuiteConfig};

const LOG: &str = "demo.log";

/// Show the main job against a misbehaving sandbox, and reconcile it with the sandbox's ledger.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// A CSV file (address,balance; 8 decimals), or how many holders to generate.
    #[arg(long, value_name = "FILE|N", default_value = "5000")]
    holders: Holders,
    /// What to pay, in USDC.
    #[arg(long, value_name = "AMOUNT", default_value = "1000000", value_parser = demo::parse_pool)]
    pool: u64,
    /// Keep payouts.csv (our record), rail.csv (the sandbox's ledger) and unpaid.csv in this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Batches worked on at the same time.
    #[arg(long, value_name = "N", default_value_t = 4)]
    parallelism: u32,
}

impl Demo {
    /// Runs it in a temporary folder, or in that of `--data`, which is kept.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let screen = Screen::of(globals);
        let holders = self.holders.csv()?;
        let options = Options { holders, pool: self.pool, out: self.out, parallelism: self.parallelism };
        if let Some(data) = &globals.data {
            std::fs::create_dir_all(data)?;
            return play(data, &options, screen).await;
        }
        // The database's account must pass through when we are root.
        let permissions = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("bursar-demo-").permissions(permissions).tempdir()?;
        let outcome = play(folder.path(), &options, screen).await;
        if outcome.as_ref().is_err_and(is_worth_a_look) {
            let log = folder.keep().join(LOG);
            screen.say(format!("everything is kept for a look: {}", log.display()))?;
        }
        outcome
    }
}

async fn play(data: &Path, options: &Options, screen: Screen) -> Result<(), CommandError> {
    log_to(&data.join(LOG))?;
    let stop = Shutdown::on_signals().map_err(|error| CommandError::input(error.to_string()))?;
    screen.say("starting PostgreSQL, the sandbox and every service")?;
    let config = demo::tuned(SuiteConfig::new(data).on_sandbox());
    let suite = tokio::select! {
        suite = Suite::start(config) => suite?,
        () = stop.cancelled() => return Err(interrupted()),
    };
    let played = tokio::select! {
        played = demo::run(&suite, options, screen) => played,
        () = stop.cancelled() => Err(interrupted()),
    };
    let stopped = suite.stop().await;
    played.and(stopped.map_err(CommandError::from))
}

/// What was typed is not: it says by itself what is wrong with it.
fn is_worth_a_look(error: &CommandError) -> bool {
    !matches!(error, CommandError::Input(_) | CommandError::Sandbox(ControlError::Refused { .. }))
}

fn interrupted() -> CommandError {
    CommandError::input("interrupted")
}

/// The services' log would drown the demonstration, whose faults are many.
fn log_to(path: &Path) -> Result<(), CommandError> {
    let file = File::options().create(true).append(true).open(path)?;
    let filter = EnvFilter::try_from_env("BURSAR_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file));
    // Already set up where the program is part of another.
    let _ = subscriber.try_init();
    Ok(())
}
