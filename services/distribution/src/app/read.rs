//! Reads.

use std::collections::HashMap;

use diesel_async::AsyncPgConnection;
use ids::{DistributionId, IngestFileId};
use serde::{Deserialize, Serialize};

use super::App;
use crate::domain::distribution::{Distribution, Source};
use crate::domain::ingest::IngestFile;
use crate::domain::treatment::Treatment;
use crate::error::Error;
use crate::store::carries::{self, Carry};
use crate::store::distributions::{self, Cursor, Filter};
use crate::store::entitlements::{self, Entitlement};
use crate::store::held_payees::{self, HeldPayee};
use crate::store::ingest_files::{self, StoredError};
use crate::store::{listed_payees, states};

/// One distribution.
pub(crate) async fn get_distribution(app: &App, id: DistributionId) -> Result<Distribution, Error> {
    in_transaction(&mut *app.conn().await?, id).await
}

/// One distribution, as a transaction sees it.
pub(super) async fn in_transaction(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
) -> Result<Distribution, Error> {
    distributions::find(conn, id).await?.ok_or(Error::DistributionNotFound(id))
}

/// Up to `limit` distributions, newest first.
pub(crate) async fn list_distributions(
    app: &App,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Distribution>, Error> {
    Ok(distributions::list(&mut *app.conn().await?, filter, after, limit).await?)
}

/// What is owed to somebody.
pub(crate) enum Owed {
    /// To an account, with the reference and the note of its line in a file; empty for all others.
    Account(Entitlement, (String, String)),
    /// To a held payee of a file.
    Held(HeldPayee),
}

/// The last of a page: accounts come first, then held payees by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OwedCursor {
    Account(entitlements::Cursor),
    Held(u32),
}

impl OwedCursor {
    /// After this one.
    pub(crate) fn after(last: &Owed) -> Self {
        match last {
            Owed::Account(last, _) => Self::Account(entitlements::Cursor::after(last)),
            Owed::Held(last) => Self::Held(last.line),
        }
    }
}

/// Up to `limit` entitlements of a distribution; none before its calculation counts.
pub(crate) async fn list_entitlements(
    app: &App,
    id: DistributionId,
    treatment: Option<Treatment>,
    after: Option<OwedCursor>,
    limit: u32,
) -> Result<Vec<Owed>, Error> {
    let distribution = get_distribution(app, id).await?;
    let Some(result) = distribution.entitlements else { return Ok(Vec::new()) };
    let is_list = matches!(distribution.terms.source, Source::List(_));
    let mut conn = app.conn().await?;
    let (after_account, after_line) = match after {
        None => (None, None),
        Some(OwedCursor::Account(cursor)) => (Some(cursor), None),
        Some(OwedCursor::Held(line)) => (None, Some(line)),
    };
    let mut found = Vec::new();
    if after_line.is_none() {
        found = entitlements::list(&mut conn, result.calculation, treatment, after_account, limit).await?;
    }
    let mut said = HashMap::new();
    if is_list {
        let accounts: Vec<_> = found.iter().map(|owed| owed.account).collect();
        said = listed_payees::said_of(&mut conn, id, &accounts).await?;
    }
    let with = |owed: Entitlement| {
        let said = said.remove(&owed.account).unwrap_or_default();
        Owed::Account(owed, said)
    };
    let mut owed: Vec<Owed> = found.into_iter().map(with).collect();
    let missing = limit.saturating_sub(u32::try_from(owed.len()).unwrap_or(u32::MAX));
    if is_list && missing > 0 && treatment.is_none_or(|treatment| treatment == Treatment::Hold) {
        let held = held_payees::list(&mut conn, id, after_line.unwrap_or(0), missing).await?;
        owed.extend(held.into_iter().map(Owed::Held));
    }
    Ok(owed)
}

/// Up to `limit` amounts that an asset's distributions carried forward.
pub(crate) async fn list_carry_forwards(
    app: &App,
    filter: &carries::Filter,
    after: Option<carries::Cursor>,
    limit: u32,
) -> Result<Vec<Carry>, Error> {
    Ok(carries::list(&mut *app.conn().await?, filter, after, limit).await?)
}

/// The version of a distribution, which rises with every change that can be seen.
pub(crate) async fn version(app: &App, id: DistributionId) -> Result<i64, Error> {
    let version = states::version(&mut *app.conn().await?, id).await?;
    version.ok_or(Error::DistributionNotFound(id))
}

/// One file of payees.
pub(crate) async fn get_ingest_file(app: &App, id: IngestFileId) -> Result<IngestFile, Error> {
    let file = ingest_files::find(&mut *app.conn().await?, id).await?;
    file.ok_or(Error::IngestFileNotFound(id))
}

/// Up to `limit` files of payees, newest first.
pub(crate) async fn list_ingest_files(
    app: &App,
    filter: &ingest_files::Filter,
    after: Option<ingest_files::Cursor>,
    limit: u32,
) -> Result<Vec<IngestFile>, Error> {
    Ok(ingest_files::list(&mut *app.conn().await?, filter, after, limit).await?)
}

/// Up to `limit` errors of a file, by line and column.
pub(crate) async fn list_ingest_errors(
    app: &App,
    id: IngestFileId,
    after: Option<ingest_files::ErrorCursor>,
    limit: u32,
) -> Result<Vec<StoredError>, Error> {
    get_ingest_file(app, id).await?;
    Ok(ingest_files::errors(&mut *app.conn().await?, id, after, limit).await?)
}
