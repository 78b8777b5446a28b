//! Takes a payment token off the list.

use futures::FutureExt as _;
use money::AssetCode;
use pg::idempotency::{Answer, Once};

use super::App;
use crate::error::Error;
use crate::store::payment_tokens;

/// Takes a payment token off the list; what is already executing goes on.
pub(crate) async fn remove_payment_token<R: Answer>(
    app: &App,
    code: AssetCode,
    once: &Once<(), R, Error>,
) -> Result<R, Error> {
    once.run(&app.pool, move |conn| {
        async move {
            let removed = payment_tokens::remove(conn, &code).await?;
            if removed { Ok(()) } else { Err(Error::PaymentTokenNotFound(code.to_string())) }
        }
        .boxed()
    })
    .await
}
