//! What was accepted of files and stands: no file and no reference twice. The primary keys hold that.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Integer, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{DistributionId, IngestFileId};

use super::StoreError;
use super::schema::{accepted_file, accepted_reference, ingest_file};

/// The file with this digest that was accepted and stands.
pub(crate) async fn file(
    conn: &mut AsyncPgConnection,
    digest: &[u8; 32],
) -> Result<Option<IngestFileId>, StoreError> {
    let same = ingest_file::distribution_id.eq(accepted_file::distribution_id.nullable());
    let found = accepted_file::table
        .inner_join(ingest_file::table.on(same))
        .filter(accepted_file::digest.eq(digest.as_slice()))
        .select(ingest_file::id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(IngestFileId::from_uuid))
}

/// Accepts a file with the lines that are left of it. Says no when another file was faster with its bytes or with one of its
/// references; what was written must then be rolled back. Two that race wait for each other, in one order.
pub(crate) async fn accept(
    conn: &mut AsyncPgConnection,
    digest: &[u8; 32],
    upload: IngestFileId,
    distribution: DistributionId,
    lines: u32,
) -> Result<bool, StoreError> {
    let file = diesel::insert_into(accepted_file::table)
        .values((
            accepted_file::digest.eq(digest.as_slice()),
            accepted_file::distribution_id.eq(distribution.as_uuid()),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if file == 0 {
        return Ok(false);
    }
    let references = sql_query(
        "INSERT INTO accepted_reference (reference, distribution_id, account)
         SELECT reference, $2, account FROM ingest_line WHERE file_id = $1 ORDER BY reference
         ON CONFLICT DO NOTHING",
    )
    .bind::<SqlUuid, _>(upload.as_uuid())
    .bind::<SqlUuid, _>(distribution.as_uuid())
    .execute(conn)
    .await?;
    Ok(u32::try_from(references) == Ok(lines))
}

/// Gives back everything of a distribution of which nothing was sent and nothing ever will be.
pub(crate) async fn release_all(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
) -> Result<(), StoreError> {
    let id = distribution.as_uuid();
    let references = accepted_reference::table.filter(accepted_reference::distribution_id.eq(id));
    diesel::delete(references).execute(conn).await?;
    diesel::delete(accepted_file::table.filter(accepted_file::distribution_id.eq(id))).execute(conn).await?;
    Ok(())
}

/// Gives back the references of held payees, once the others are to be paid: nothing of this distribution pays them.
pub(crate) async fn release_held(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
) -> Result<(), StoreError> {
    let of_held = accepted_reference::table
        .filter(accepted_reference::distribution_id.eq(distribution.as_uuid()))
        .filter(accepted_reference::account.is_null());
    diesel::delete(of_held).execute(conn).await?;
    Ok(())
}

/// Gives back the references of payouts that are proven unpaid for ever, but for those that a rerun may still replace, and
/// the file when none is left. Call it with the state of the distribution locked.
pub(crate) async fn release(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
    ordinals: &[u32],
) -> Result<(), StoreError> {
    let ordinals: Vec<i32> = ordinals.iter().map(|ordinal| ordinal.cast_signed()).collect();
    pg::join_sets(conn).await?;
    sql_query(
        "UPDATE accepted_reference known SET unpaid_ordinal = payee.ordinal
         FROM distribution_in_force whole JOIN entitlement payee USING (calculation_id)
         WHERE whole.id = $1 AND payee.ordinal = ANY($2)
           AND known.distribution_id = $1 AND known.account = payee.account",
    )
    .bind::<SqlUuid, _>(distribution.as_uuid())
    .bind::<Array<Integer>, _>(ordinals)
    .execute(conn)
    .await?;
    release_kept(conn, distribution).await
}

/// Gives back what a cancelled distribution kept for reruns of which none can replace it any more, and the file when nothing
/// is left. A rerun can once it is there, until it is cancelled before execution had it: what it has superseded then is its
/// own to pay. Call it with the state of the distribution locked, as whoever stores or cancels a rerun of it does.
pub(crate) async fn release_kept(
    conn: &mut AsyncPgConnection,
    distribution: DistributionId,
) -> Result<(), StoreError> {
    pg::join_sets(conn).await?;
    sql_query(
        "DELETE FROM accepted_reference known
         WHERE known.distribution_id = $1 AND known.unpaid_ordinal IS NOT NULL AND NOT EXISTS (
             SELECT FROM distribution rerun
             JOIN distribution_state stand ON stand.distribution_id = rerun.id
             JOIN listed_payee payee ON payee.distribution_id = rerun.id
             WHERE rerun.rerun_of = $1 AND payee.replaces = known.unpaid_ordinal
               AND (stand.state <> 'CANCELLED' OR stand.run_progress IS NOT NULL))",
    )
    .bind::<SqlUuid, _>(distribution.as_uuid())
    .execute(conn)
    .await?;
    sql_query(
        "DELETE FROM accepted_file file WHERE file.distribution_id = $1
           AND NOT EXISTS (SELECT FROM accepted_reference known WHERE known.distribution_id = $1)",
    )
    .bind::<SqlUuid, _>(distribution.as_uuid())
    .execute(conn)
    .await?;
    Ok(())
}
