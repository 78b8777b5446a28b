//! Accepts a payment token.

use auth::Actor;
use futures::FutureExt as _;
use hedera::TokenId;
use money::AssetCode;
use pg::idempotency::{Answer, Once};

use super::App;
use crate::domain::{PaymentToken, TokenRef};
use crate::error::Error;
use crate::store::payment_tokens;

/// Accepts HBAR, or a token whose payees get what is sent to them. One that is accepted stays as it is.
pub(crate) async fn add_payment_token<R: Answer>(
    app: &App,
    actor: &Actor,
    token: &TokenRef,
    code: AssetCode,
    once: &Once<PaymentToken, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let known = payment_tokens::find(&mut *app.conn().await?, &code).await?;
    let accepted = match (known, token) {
        (Some(known), _) => known,
        (None, TokenRef::Hbar) => PaymentToken::hbar(app.network, &actor.subject, app.clock.now()),
        (None, TokenRef::Token(id)) => payable(app, actor, id, &code).await?,
    };
    once.run(&app.pool, move |conn| {
        async move {
            payment_tokens::insert(conn, &accepted).await?;
            let stored = payment_tokens::find(conn, &code).await?;
            stored.ok_or_else(|| Error::PaymentTokenNotFound(code.to_string()))
        }
        .boxed()
    })
    .await
}

async fn payable(app: &App, actor: &Actor, id: &str, code: &AssetCode) -> Result<PaymentToken, Error> {
    let unknown = || Error::TokenNotFound(id.to_owned());
    let token: TokenId = id.parse().map_err(|_| unknown())?;
    let now = app.clock.now();
    let reading = app.tokens.token(token, now).await?.ok_or_else(unknown)?;
    let refused = |refusal| Error::TokenRefused { token: id.to_owned(), refusal };
    let facts = reading.payable().map_err(refused)?;
    Ok(PaymentToken::token(code.clone(), facts, &actor.subject, now))
}
