//! `bursar redemption preview`.

use proto::distribution::v1::CreateRedemptionRequest;

use super::terms::Terms;
use crate::commands::asset::payment_token;
use crate::commands::distribution::show;
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Say what a redemption would come to, without creating it.
#[derive(Debug, clap::Args)]
pub struct Preview {
    #[command(flatten)]
    terms: Terms,
}

impl Preview {
    /// Prints what it would come to.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = CreateRedemptionRequest { validate_only: true, ..self.terms.request() };
        let (_, decimals) = payment_token(session, &request.payment_token).await?;
        let answer = session.edge.redemptions().create_redemption(request).await?.into_inner();
        let preview = answer.preview.ok_or(CommandError::missing("preview"))?;
        let text = || show::preview(&preview, u32::from(decimals));
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.Preview", &preview), text)?)
    }
}
