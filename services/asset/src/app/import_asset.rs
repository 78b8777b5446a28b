//! Imports a token: read it, record it, tell the holder service.

use auth::Actor;
use futures::FutureExt as _;
use hedera::TokenId;
use ids::AssetId;
use pg::idempotency::{Answer, Once};

use super::{App, register_assets};
use crate::domain::{Asset, Terms, TokenFacts};
use crate::error::Error;
use crate::store::assets::{self, NewAsset};

/// What is imported.
#[derive(Clone, Debug)]
pub(crate) struct ImportAsset {
    /// The token.
    pub token: TokenId,
    /// What it stands for.
    pub terms: Terms,
}

/// Records the asset, or finds it as it is, and makes it known to the holder service. Whether that was reached does not
/// change the answer: what it missed, the registration job, a repeated import and a sync make good.
pub(crate) async fn import_asset<R: Answer>(
    app: &App,
    actor: &Actor,
    input: ImportAsset,
    once: &Once<Asset, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let token_id = input.token.to_string();
    let known = assets::find_by_token(&mut *app.conn().await?, app.network, &token_id).await?;
    let facts = match known {
        Some(asset) => asset.token,
        None => importable(app, input.token).await?,
    };
    let (network, at) = (app.network, app.clock.now());
    let id = AssetId::new(app.ids.as_ref());
    let new = NewAsset {
        id,
        token_id: token_id.clone(),
        terms: input.terms,
        facts,
        imported_by: actor.subject.clone(),
        at,
    };
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                assets::insert(conn, &new).await?;
                let asset = assets::find_by_token(conn, network, &new.token_id).await?;
                let asset = asset.ok_or_else(|| Error::TokenNotFound(new.token_id.clone()))?;
                if asset.terms == new.terms { Ok(asset) } else { Err(Error::AssetTermsDiffer(asset.id)) }
            }
            .boxed()
        })
        .await?;
    let asset = assets::find_by_token(&mut *app.conn().await?, network, &token_id).await?;
    if let Some(asset) = asset.filter(|asset| !asset.registered) {
        register_assets::register_or_warn(app, actor, asset.id, &token_id).await;
    }
    Ok(answer)
}

async fn importable(app: &App, token: TokenId) -> Result<TokenFacts, Error> {
    let reading = app.tokens.token(token, app.clock.now()).await?;
    let reading = reading.ok_or_else(|| Error::TokenNotFound(token.to_string()))?;
    reading.importable().map_err(|refusal| Error::TokenRefused { token: token.to_string(), refusal })
}
