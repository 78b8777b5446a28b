//! `bursar payment-token list`.

use proto::asset::v1::ListPaymentTokensRequest;

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// List the accepted payment tokens by code.
#[derive(Debug, clap::Args)]
pub struct List {
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

impl List {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let tokens = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let request = ListPaymentTokensRequest { page_size, page_token };
            let page = session.edge.payment_tokens().list_payment_tokens(request).await?.into_inner();
            Ok((page.payment_tokens, page.next_page_token))
        });
        let tokens = tokens.await?;
        let all = || json::list("bursar.asset.v1.PaymentToken", &tokens);
        Ok(session.screen.answer(all, || table(&super::COLUMNS, tokens.iter().map(super::row)))?)
    }
}
