//! `bursar redemption create`.

use proto::distribution::v1::CreateRedemptionRequest;

use super::terms::Terms;
use crate::commands::distribution::create::Waiting;
use crate::error::CommandError;
use crate::session::Session;

/// Create a redemption: balances are frozen, what is owed is calculated and reserved; nothing is paid until it is
/// executed.
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

impl Create {
    /// Creates it, waits for the calculation, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = CreateRedemptionRequest { execute_now: self.execute_now, ..self.terms.request() };
        let answer = session.edge.redemptions().create_redemption(request).await?.into_inner();
        let created = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        self.waiting.show(session, created).await
    }
}
