//! The demonstration: the main job on a network that misbehaves, judged by that network's own ledger.
//!
//! In order: [`world`] builds the token and its holders; [`prepare`] imports, syncs, previews and creates; [`trouble`]
//! makes the network misbehave; [`pay`] executes, follows and retries; [`judge`] compares our record with the ledger;
//! [`report`] says what came of it.

mod holders;
mod judge;
mod pay;
pub(crate) mod prepare;
mod reconcile;
mod report;
mod trouble;
pub(crate) mod world;

use std::path::PathBuf;
use std::time::Duration;

use auth::Role;

pub use holders::Holders;
pub use reconcile::{Disagreement, Effect, Reconciliation, Recorded, Standing, reconcile};
pub use world::parse_pool;

use crate::error::CommandError;
use crate::output::Screen;
use crate::sandbox_control::SandboxControl;
use crate::session::Session;
use crate::suite::{Suite, SuiteConfig};

/// In whose name the demonstration acts.
const SUBJECT: &str = "demo";
const ROLES: [Role; 4] = [Role::Payout, Role::PaymentTokenManager, Role::Admin, Role::Viewer];
const TOKEN_LIFETIME: Duration = Duration::from_hours(12);

/// What can be chosen.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who holds the token: a CSV file.
    pub holders: Vec<u8>,
    /// What is paid, in smallest units of USDC.
    pub pool: u64,
    /// Where the CSV files go; nowhere when absent.
    pub out: Option<PathBuf>,
    /// Batches worked on at the same time.
    pub parallelism: u32,
}

/// Where the demonstration takes place.
pub(crate) struct Stage {
    pub(crate) session: Session,
    control: SandboxControl,
    pub(crate) operator_account: String,
    pub(crate) operator_key_reference: String,
}

impl Stage {
    /// A suite that was just started on the sandbox.
    pub(crate) async fn on(suite: &Suite, screen: Screen) -> Result<Stage, CommandError> {
        let control =
            suite.control().ok_or_else(|| CommandError::input("the demonstration needs the sandbox"))??;
        let edge = suite.edge(SUBJECT, &ROLES, TOKEN_LIFETIME).await?;
        let addresses = suite.addresses();
        Ok(Stage {
            session: Session { edge, screen },
            control,
            operator_account: addresses.operator_account.clone(),
            operator_key_reference: addresses.operator_key_reference.clone(),
        })
    }

    pub(crate) fn say(&self, line: impl AsRef<str>) -> Result<(), CommandError> {
        Ok(self.session.screen.say(line)?)
    }
}

/// Short windows, so that a doubt ends while one watches. The network takes 15 s at least, and a node stops taking a
/// transaction 10 s before its window ends.
pub fn tuned(mut config: SuiteConfig) -> SuiteConfig {
    config.execution.valid_duration_s = 20;
    config.execution.clock_skew_s = 2;
    config.execution.absence_margin_s = 3;
    config.execution.poll_ms = 500;
    config.execution.node_deadline_ms = 2_000;
    config.execution.idle_ms = 50;
    // The simulated network is as fast as this machine.
    config.execution.transactions_per_second = 0;
    config
}

/// Runs it on a suite that was just started on the sandbox.
///
/// # Errors
/// When a step fails, when our record and the ledger disagree in anything, or when a payout ends otherwise than it must.
pub async fn run(suite: &Suite, options: &Options, screen: Screen) -> Result<(), CommandError> {
    let stage = Stage::on(suite, screen).await?;
    let world = world::build(&stage, options).await?;
    let plan = prepare::create(&stage, &world, options).await?;
    let trouble = trouble::begin(&stage, &world, &plan).await?;
    let paid = pay::all(&stage, &plan, &trouble).await?;
    let judgement = judge::judge(&stage, &world, &plan, options.out.as_deref()).await?;
    report::print(&stage, &plan, &paid, &judgement)
}
