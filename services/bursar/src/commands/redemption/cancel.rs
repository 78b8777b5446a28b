//! `bursar redemption cancel`.

use proto::distribution::v1::CancelRedemptionRequest;

use crate::commands::distribution::show;
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Send nothing new; what is in flight is followed to its end, what is paid stays paid and redeemed.
#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// The redemption ("dst_…").
    distribution_id: String,
    /// Why; kept and shown.
    #[arg(long, default_value = "")]
    reason: String,
}

impl Cancel {
    /// Cancels, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = CancelRedemptionRequest { distribution_id: self.distribution_id, reason: self.reason };
        let answer = session.edge.redemptions().cancel_redemption(request).await?.into_inner();
        let distribution = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        let text = || show::distribution(&distribution);
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.Distribution", &distribution), text)?)
    }
}
