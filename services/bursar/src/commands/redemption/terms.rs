//! What a redemption is to be, as typed: shared by `preview` and `create`.

use proto::distribution::v1::CreateRedemptionRequest;

use crate::commands::distribution::terms::{Decisions, Paying};

/// Whose principal is paid, in what.
#[derive(Debug, clap::Args)]
pub(super) struct Terms {
    /// The bond ("ast_…"); it must have matured.
    #[arg(long, value_name = "ID")]
    asset: String,
    /// What people call it.
    #[arg(long)]
    label: String,
    /// In what: "hbar" or the id of an accepted token; a whole one for each whole unit of the nominal value's currency.
    #[arg(long, value_name = "TOKEN")]
    payment_token: String,
    /// Where the money comes from ("fnd_…").
    #[arg(long, value_name = "ID")]
    funding: String,
    /// Only this holder's; repeat for several. All holders' when absent.
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,
    #[command(flatten)]
    decisions: Decisions,
    #[command(flatten)]
    paying: Paying,
}

impl Terms {
    /// The request for them.
    pub(super) fn request(self) -> CreateRedemptionRequest {
        CreateRedemptionRequest {
            asset_id: self.asset,
            label: self.label,
            payment_token: self.payment_token,
            funding_account_id: self.funding,
            accounts: self.account,
            batch_size: self.paying.batch_size,
            parallelism: self.paying.parallelism,
            retry_policy: self.paying.retry_policy(),
            holder_decisions: self.decisions.into_proto(),
            execute_now: false,
            validate_only: false,
        }
    }
}
