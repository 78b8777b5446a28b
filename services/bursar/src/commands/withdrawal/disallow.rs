//! `bursar withdrawal disallow`.

use proto::execution::v1::RemoveDestinationRequest;

use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Allow a destination no more; what is under way to it goes on.
#[derive(Debug, clap::Args)]
pub struct Disallow {
    /// The account ("0.0.2002").
    account: String,
    /// Whose money ("fnd_…").
    #[arg(long, value_name = "ID")]
    funding: String,
}

impl Disallow {
    /// Ends it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let account = self.account.clone();
        let request = RemoveDestinationRequest { funding_account_id: self.funding, account: self.account };
        let answer = session.edge.withdrawals().remove_destination(request).await?.into_inner();
        let text = || format!("{account} is allowed no more");
        Ok(session
            .screen
            .answer(|| json::of("bursar.execution.v1.RemoveDestinationResponse", &answer), text)?)
    }
}
