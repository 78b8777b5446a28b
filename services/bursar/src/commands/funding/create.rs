//! `bursar funding create`.

use proto::execution::v1::CreateFundingAccountRequest;

use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;
use crate::suite::OPERATOR_KEY_REFERENCE;

/// Create a funding account.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// What people call it.
    label: String,
    /// The account that is debited ("0.0.1001").
    #[arg(long)]
    account: String,
    /// Name of its key in execution's key folder.
    #[arg(long, default_value = OPERATOR_KEY_REFERENCE)]
    key_reference: String,
    /// The account that pays the network's fees; the debited one when absent.
    #[arg(long, default_value = "")]
    fee_payer_account: String,
    /// Name of the fee payer's key; the debited account's when absent.
    #[arg(long, default_value = "")]
    fee_payer_key_reference: String,
}

impl Create {
    /// Creates and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = CreateFundingAccountRequest {
            label: self.label,
            account: self.account,
            key_reference: self.key_reference,
            fee_payer_account: self.fee_payer_account,
            fee_payer_key_reference: self.fee_payer_key_reference,
        };
        let answer = session.edge.funding_accounts().create_funding_account(request).await?.into_inner();
        let account = answer.funding_account.ok_or(CommandError::missing("funding_account"))?;
        let text = || table(&super::COLUMNS, [super::row(&account)]);
        Ok(session.screen.answer(|| json::of("bursar.execution.v1.FundingAccount", &account), text)?)
    }
}
