//! `ListPaymentTokens`.

use proto::asset::v1::{ListPaymentTokensRequest, ListPaymentTokensResponse};
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ListPaymentTokensRequest>,
) -> Result<ListPaymentTokensResponse, Status> {
    let message = request.into_inner();
    let size = page::size(message.page_size).map_err(Error::from)?;
    let filters = Filters::of_bytes(b"ListPaymentTokens");
    let after = PageToken::decode::<String>(&message.page_token, filters).map_err(Error::from)?;
    let mut found = app::list_payment_tokens(app, after.as_deref(), size + 1).await?;
    let last = page::cut(&mut found, size).map(|token| token.code.to_string());
    Ok(ListPaymentTokensResponse {
        payment_tokens: found.iter().map(convert::payment_token).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}
