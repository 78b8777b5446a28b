//! `bursar withdrawal cancel`.

use proto::execution::v1::CancelWithdrawalRequest;

use super::{COLUMNS, row};
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Send nothing new; what is in flight is followed to its end.
#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// The withdrawal ("wdr_…").
    withdrawal_id: String,
    /// Why; kept.
    #[arg(long)]
    reason: String,
}

impl Cancel {
    /// Cancels, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = CancelWithdrawalRequest { withdrawal_id: self.withdrawal_id, reason: self.reason };
        let answer = session.edge.withdrawals().cancel_withdrawal(request).await?.into_inner();
        let withdrawal = answer.withdrawal.ok_or(CommandError::missing("withdrawal"))?;
        let text = || table(&COLUMNS, [row(&withdrawal)]);
        Ok(session.screen.answer(|| json::of("bursar.execution.v1.Withdrawal", &withdrawal), text)?)
    }
}
