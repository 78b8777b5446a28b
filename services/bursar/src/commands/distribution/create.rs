//! `bursar distribution create`.

use std::time::{Duration, Instant};

use proto::distribution::v1::{
    CreateDistributionRequest, Distribution, DistributionState, GetDistributionRequest,
};

use super::show;
use super::terms::Terms;
use crate::edge::{Edge, json};
use crate::error::CommandError;
use crate::session::Session;

const POLL: Duration = Duration::from_millis(50);

/// Create a distribution: balances are frozen and entitlements calculated; nothing is paid until it is executed.
#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    terms: Terms,
    /// Execute by itself as soon as it is calculated.
    #[arg(long)]
    execute_now: bool,
    #[command(flatten)]
    waiting: Waiting,
}

/// How long to wait for the calculation.
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Waiting {
    /// Return before the calculation is done.
    #[arg(long)]
    no_wait: bool,
    /// Wait at most so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
}

impl Create {
    /// Creates it, waits for the calculation, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let terms = self.terms.request(session).await?;
        let request = CreateDistributionRequest { execute_now: self.execute_now, ..terms };
        let answer = session.edge.distributions().create_distribution(request).await?.into_inner();
        let created = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        self.waiting.show(session, created).await
    }
}

impl Waiting {
    /// Waits for the calculation, and prints what was created; fails when there is nothing to be paid by it.
    pub(in crate::commands) async fn show(
        &self,
        session: &Session,
        created: Distribution,
    ) -> Result<(), CommandError> {
        let distribution = if self.no_wait {
            created
        } else {
            wait_until_calculated(&session.edge, &created.id, Duration::from_secs(self.timeout)).await?
        };
        let text = || show::distribution(&distribution);
        session.screen.answer(|| json::of("bursar.distribution.v1.Distribution", &distribution), text)?;
        match (distribution.state(), &distribution.failure) {
            (DistributionState::Failed, Some(failure)) => {
                Err(CommandError::Unexpected(failure.reason.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// Waits until the distribution's balances are frozen and its entitlements calculated, or that failed.
pub async fn wait_until_calculated(
    edge: &Edge,
    id: &str,
    within: Duration,
) -> Result<Distribution, CommandError> {
    let began = Instant::now();
    while began.elapsed() < within {
        let distribution = get(edge, id).await?;
        if distribution.state() != DistributionState::Snapshotting {
            return Ok(distribution);
        }
        tokio::time::sleep(POLL).await;
    }
    Err(CommandError::Deadline { what: "the calculation".to_owned(), seconds: within.as_secs() })
}

/// The distribution as it is now.
pub async fn get(edge: &Edge, id: &str) -> Result<Distribution, CommandError> {
    let request = GetDistributionRequest { distribution_id: id.to_owned() };
    let answer = edge.distributions().get_distribution(request).await?.into_inner();
    answer.distribution.ok_or(CommandError::missing("distribution"))
}
