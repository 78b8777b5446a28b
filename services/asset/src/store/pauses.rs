//! Pauses of assets, and what execution was told of them.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable,
    Selectable, SelectableHelper as _,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, Uuid};
use pg::time::to_ns;

use super::assets::word;
use super::schema::asset;
use super::{Inconsistent, StoreError};
use crate::domain::{PauseState, Word};

#[derive(Queryable, Selectable)]
#[diesel(table_name = asset)]
struct Row {
    id: Uuid,
    pause_version: i64,
    pause_reason: Option<String>,
    paused_by: Option<String>,
    paused_ns: Option<i64>,
    unpause_reason: Option<String>,
    unpaused_by: Option<String>,
    unpaused_ns: Option<i64>,
}

impl TryFrom<Row> for PauseState {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let asset = AssetId::from_uuid(row.id);
        let wrong = |column| Inconsistent { table: "asset", row: asset.to_string(), column };
        let pause = word(row.pause_reason, row.paused_by, row.paused_ns);
        let unpause = word(row.unpause_reason, row.unpaused_by, row.unpaused_ns);
        let (paused, last) = match (pause, unpause) {
            (Ok(Some(pause)), Ok(None)) => (true, pause),
            (Ok(None), Ok(Some(unpause))) => (false, unpause),
            _ => return Err(wrong("pause_version")),
        };
        Ok(Self { asset, version: row.pause_version, paused, last })
    }
}

/// Pauses an asset; one that is paused keeps its pause.
pub(crate) async fn begin(conn: &mut AsyncPgConnection, id: AssetId, pause: &Word) -> Result<(), StoreError> {
    let running = asset::table.find(id.as_uuid()).filter(asset::pause_reason.is_null());
    diesel::update(running)
        .set((
            asset::pause_reason.eq(&pause.reason),
            asset::paused_by.eq(&pause.by),
            asset::paused_ns.eq(to_ns(pause.at)),
            asset::unpause_reason.eq(None::<String>),
            asset::unpaused_by.eq(None::<String>),
            asset::unpaused_ns.eq(None::<i64>),
            asset::pause_version.eq(asset::pause_version + 1),
            asset::updated_ns.eq(to_ns(pause.at)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends an asset's pause, if it has one.
pub(crate) async fn end(conn: &mut AsyncPgConnection, id: AssetId, unpause: &Word) -> Result<(), StoreError> {
    let paused = asset::table.find(id.as_uuid()).filter(asset::pause_reason.is_not_null());
    diesel::update(paused)
        .set((
            asset::pause_reason.eq(None::<String>),
            asset::paused_by.eq(None::<String>),
            asset::paused_ns.eq(None::<i64>),
            asset::unpause_reason.eq(&unpause.reason),
            asset::unpaused_by.eq(&unpause.by),
            asset::unpaused_ns.eq(to_ns(unpause.at)),
            asset::pause_version.eq(asset::pause_version + 1),
            asset::updated_ns.eq(to_ns(unpause.at)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Where an asset's pause stands; none of one that was never paused.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    id: AssetId,
) -> Result<Option<PauseState>, StoreError> {
    let row = asset::table
        .find(id.as_uuid())
        .filter(asset::pause_version.gt(0))
        .select(Row::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(PauseState::try_from).transpose()?)
}

/// Up to `limit` assets of whose pause execution may not have the last word.
pub(crate) async fn untold(conn: &mut AsyncPgConnection, limit: u32) -> Result<Vec<PauseState>, StoreError> {
    let rows: Vec<Row> = asset::table
        .filter(asset::pause_told.lt(asset::pause_version))
        .order(asset::id)
        .limit(limit.into())
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(|row| row.try_into().map_err(StoreError::from)).collect()
}

/// Notes which version execution has. An older one, overtaken on the way, changes nothing.
pub(crate) async fn set_told(
    conn: &mut AsyncPgConnection,
    id: AssetId,
    version: i64,
) -> Result<(), StoreError> {
    let behind = asset::id.eq(id.as_uuid()).and(asset::pause_told.lt(version));
    diesel::update(asset::table.filter(behind)).set(asset::pause_told.eq(version)).execute(conn).await?;
    Ok(())
}
