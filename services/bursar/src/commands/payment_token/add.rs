//! `bursar payment-token add`.

use proto::asset::v1::AddPaymentTokenRequest;

use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Accept a payment token.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// "hbar", or the token's id on the network ("0.0.456858").
    payment_token: String,
}

impl Add {
    /// Accepts and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = AddPaymentTokenRequest { token: self.payment_token };
        let answer = session.edge.payment_tokens().add_payment_token(request).await?.into_inner();
        let token = answer.payment_token.ok_or(CommandError::missing("payment_token"))?;
        let text = || table(&super::COLUMNS, [super::row(&token)]);
        Ok(session.screen.answer(|| json::of("bursar.asset.v1.PaymentToken", &token), text)?)
    }
}
