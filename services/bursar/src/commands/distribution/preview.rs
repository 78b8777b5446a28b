//! `bursar distribution preview`.

use proto::distribution::v1::CreateDistributionRequest;

use super::terms::Terms;
use super::{show, show_amounts};
use crate::commands::asset::payment_token;
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

const PPM_PER_PERCENT: u32 = 10_000;

/// Say what a distribution would come to, without creating it.
#[derive(Debug, clap::Args)]
pub struct Preview {
    #[command(flatten)]
    terms: Terms,
    /// Name payees whose amount differs from the last time by more than this.
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    changed_beyond: u32,
}

impl Preview {
    /// Prints what it would come to.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = CreateDistributionRequest {
            validate_only: true,
            change_threshold_ppm: self.changed_beyond * PPM_PER_PERCENT,
            ..self.terms.request(session).await?
        };
        let (_, decimals) = payment_token(session, &request.payment_token).await?;
        let (withholding, minimum) = (request.withholding.as_ref(), request.minimum_amount.as_ref());
        let rule = request.amount_rule.as_ref();
        let terms = show_amounts::lines(rule, withholding, minimum, Some(decimals.into()));
        let answer = session.edge.distributions().create_distribution(request).await?.into_inner();
        let preview = answer.preview.ok_or(CommandError::missing("preview"))?;
        let text = || [terms, vec![show::preview(&preview, u32::from(decimals))]].concat().join("\n");
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.Preview", &preview), text)?)
    }
}
