//! `bursar withdrawal create`.

use proto::execution::v1::CreateWithdrawalRequest;
use proto::r#type::v1::Amount;

use super::{COLUMNS, row};
use crate::commands::asset::payment_token;
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Pay an amount to an allowed destination; never what is reserved for payouts.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// How much, as in 1000000.50.
    #[arg(allow_hyphen_values = true)]
    amount: String,
    /// Of what: "hbar" or the id of an accepted token ("0.0.456858").
    #[arg(long, value_name = "TOKEN")]
    payment_token: String,
    /// From where ("fnd_…").
    #[arg(long, value_name = "ID")]
    funding: String,
    /// To where ("0.0.2002"), an allowed destination.
    #[arg(long, value_name = "ACCOUNT")]
    to: String,
    /// Why; kept and shown.
    #[arg(long)]
    reason: String,
}

impl Create {
    /// Creates it, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let (asset, decimals) = payment_token(session, &self.payment_token).await?;
        let units = money::parse_units(&self.amount, decimals)
            .map_err(|error| CommandError::input(format!("{:?} {error}", self.amount)))?;
        let request = CreateWithdrawalRequest {
            funding_account_id: self.funding,
            destination: self.to,
            amount: Some(Amount { units: units.to_string(), asset }),
            reason: self.reason,
        };
        let answer = session.edge.withdrawals().create_withdrawal(request).await?.into_inner();
        let withdrawal = answer.withdrawal.ok_or(CommandError::missing("withdrawal"))?;
        let text = || table(&COLUMNS, [row(&withdrawal)]);
        Ok(session.screen.answer(|| json::of("bursar.execution.v1.Withdrawal", &withdrawal), text)?)
    }
}
