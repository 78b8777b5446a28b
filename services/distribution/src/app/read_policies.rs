//! Reads of approval policies.

use super::App;
use crate::domain::approval::{Policy, Scope};
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store::policies::{self, Cursor};

/// One version of a policy; the one in force when it is zero.
pub(crate) async fn get_approval_policy(app: &App, scope: &Scope, version: u32) -> Result<Policy, Error> {
    let mut conn = app.conn().await?;
    let version = if version == 0 { policies::version(&mut conn, scope).await? } else { version };
    policies::find(&mut conn, scope, version).await?.ok_or(Refusal::PolicyNotFound.into())
}

/// Up to `limit` policies in force.
pub(crate) async fn list_approval_policies(
    app: &App,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Policy>, Error> {
    Ok(policies::list(&mut *app.conn().await?, after, limit).await?)
}
