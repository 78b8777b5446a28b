//! Takes a payment token off the list.

use futures::FutureExt as _;
use money::AssetCode;

use super::{App, Once};
use crate::error::Error;
use crate::store::payment_tokens;

/// Takes a payment token off the list; what is already executing goes on.
pub(crate) async fn remove_payment_token(
    app: &App,
    code: AssetCode,
    once: &Once<()>,
) -> Result<Vec<u8>, Error> {
    once.run(app, move |conn| {
        async move {
            let removed = payment_tokens::remove(conn, &code).await?;
            if removed { Ok(()) } else { Err(Error::PaymentTokenNotFound(code.to_string())) }
        }
        .boxed()
    })
    .await
}
