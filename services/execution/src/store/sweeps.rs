//! Tables `sweep`, `sweep_payer`, `heartbeat`: in which cluster this data is known to live, and how far the rail has been
//! looked through since it came to live in another.
//!
//! The view `sweep_hold` has a row while nothing may be intended or sent, from the first moment in another cluster on; it
//! is part of `run_pause`, which is asked wherever a pause matters.

use std::time::SystemTime;

use diesel::QueryableByName;
use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hedera::AccountId;
use pg::Prepare as _;
use uuid::Uuid;

use crate::domain::sweep::{Identity, Payer, Reason, Span, Sweep};
use crate::store::{AnswerRow, At, StoreError};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = BigInt)]
    system_identifier: i64,
    #[diesel(sql_type = BigInt)]
    timeline: i64,
    #[diesel(sql_type = Text)]
    wanted_by: String,
    #[diesel(sql_type = Text)]
    note: String,
    #[diesel(sql_type = Timestamptz)]
    wanted_at: At,
    #[diesel(sql_type = BigInt)]
    since_ns: i64,
    #[diesel(sql_type = BigInt)]
    until_ns: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    done_at: Option<At>,
}

impl TryFrom<Row> for Sweep {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |column| StoreError::inconsistent("sweep", row.number, column);
        Ok(Self {
            number: row.number.cast_unsigned(),
            reason: Reason::from_code(&row.reason).ok_or_else(|| wrong("reason"))?,
            identity: Identity {
                system_identifier: row.system_identifier,
                timeline: u32::try_from(row.timeline).map_err(|_| wrong("timeline"))?,
            },
            wanted_by: row.wanted_by,
            note: row.note,
            wanted_at: row.wanted_at.0,
            span: Span { since_ns: row.since_ns, until_ns: row.until_ns },
            done_at: row.done_at.map(|at| at.0),
        })
    }
}

/// Until this transaction ends, nobody else begins, widens or ends a sweep.
pub async fn lock(conn: &mut AsyncPgConnection) -> Result<(), StoreError> {
    const SQL: &str = "SELECT pg_advisory_xact_lock(hashtextextended('sweep', -2))";
    diesel::sql_query(SQL).prepared().execute(conn).await?;
    Ok(())
}

/// The sweep that counts. The first migration makes one, so that there always is one.
pub async fn latest(conn: &mut AsyncPgConnection) -> Result<Sweep, StoreError> {
    const SQL: &str = "SELECT * FROM sweep ORDER BY number DESC LIMIT 1";
    let row: Row = diesel::sql_query(SQL).prepared().get_result(conn).await?;
    row.try_into()
}

/// Whether nothing may be intended or sent.
pub async fn holds(conn: &mut AsyncPgConnection) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM sweep_hold) AS answer";
    let row: AnswerRow = diesel::sql_query(SQL).prepared().get_result(conn).await?;
    Ok(row.answer)
}

/// Which cluster this connection speaks to.
pub async fn here(conn: &mut AsyncPgConnection) -> Result<Identity, StoreError> {
    #[derive(QueryableByName)]
    struct IdentityRow {
        #[diesel(sql_type = BigInt)]
        system_identifier: i64,
        #[diesel(sql_type = BigInt)]
        timeline: i64,
    }
    const SQL: &str = "SELECT system_identifier, timeline FROM cluster_identity";
    let row: IdentityRow = diesel::sql_query(SQL).prepared().get_result(conn).await?;
    let timeline = u32::try_from(row.timeline)
        .map_err(|_| StoreError::inconsistent("cluster_identity", row.timeline, "timeline"))?;
    Ok(Identity { system_identifier: row.system_identifier, timeline })
}

/// The newest time at which this database is known to have been in use, nanoseconds since the epoch.
pub async fn seen_ns(conn: &mut AsyncPgConnection) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct SeenRow {
        #[diesel(sql_type = BigInt)]
        seen_ns: i64,
    }
    const SQL: &str = "SELECT seen_ns FROM heartbeat";
    let row: SeenRow = diesel::sql_query(SQL).prepared().get_result(conn).await?;
    Ok(row.seen_ns)
}

/// Notes that the database is in use; while a sweep is wanted the time before it stays. Of two clocks the one that is
/// behind counts: what is forgotten must come later.
pub async fn beat(conn: &mut AsyncPgConnection, now: SystemTime) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE heartbeat SET seen_ns = \
        least($1, (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint) \
        WHERE NOT EXISTS (SELECT FROM sweep_hold)";
    diesel::sql_query(SQL).bind::<BigInt, _>(pg::time::to_ns(now)).prepared().execute(conn).await?;
    Ok(())
}

/// A sweep that is to begin.
#[derive(Clone, Debug)]
pub struct NewSweep {
    /// The number after that of the latest.
    pub number: u32,
    /// Its id, by which it is shown as what holds a run.
    pub id: Uuid,
    /// Why.
    pub reason: Reason,
    /// Where the data lives.
    pub identity: Identity,
    /// Who wants it.
    pub wanted_by: String,
    /// What a person said of it.
    pub note: String,
    /// What is looked through.
    pub span: Span,
}

/// Whether a sweep with this note was wanted before.
pub async fn is_noted(conn: &mut AsyncPgConnection, note: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM sweep WHERE note = $1) AS answer";
    let row: AnswerRow = diesel::sql_query(SQL).bind::<Text, _>(note).prepared().get_result(conn).await?;
    Ok(row.answer)
}

/// Begins a sweep over the fee payers of all funding accounts. The caller holds the lock.
pub async fn begin(conn: &mut AsyncPgConnection, new: &NewSweep) -> Result<(), StoreError> {
    const SWEEP: &str = "INSERT INTO sweep (number, sweep_id, reason, system_identifier, timeline, wanted_by, note, \
        since_ns, until_ns) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    const PAYERS: &str = "INSERT INTO sweep_payer (number, payer, cursor_ns) \
        SELECT DISTINCT $1, fee_payer_account, $2 FROM funding_account";
    diesel::sql_query(SWEEP)
        .bind::<Integer, _>(new.number.cast_signed())
        .bind::<SqlUuid, _>(new.id)
        .bind::<Text, _>(new.reason.code())
        .bind::<BigInt, _>(new.identity.system_identifier)
        .bind::<BigInt, _>(i64::from(new.identity.timeline))
        .bind::<Text, _>(&new.wanted_by)
        .bind::<Text, _>(&new.note)
        .bind::<BigInt, _>(new.span.since_ns)
        .bind::<BigInt, _>(new.span.until_ns)
        .prepared()
        .execute(conn)
        .await?;
    diesel::sql_query(PAYERS)
        .bind::<Integer, _>(new.number.cast_signed())
        .bind::<BigInt, _>(new.span.since_ns)
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes the latest sweep look through one more fee payer, if there was anything to look for and it has not: the funding
/// account may have been forgotten, with what it paid. The caller holds the lock.
pub async fn cover(conn: &mut AsyncPgConnection, payer: AccountId) -> Result<(), StoreError> {
    const ADD: &str =
        "INSERT INTO sweep_payer (number, payer, cursor_ns) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    const REOPEN: &str = "UPDATE sweep SET done_at = NULL WHERE number = $1";
    let latest = latest(conn).await?;
    if latest.reason == Reason::First {
        return Ok(());
    }
    let added = diesel::sql_query(ADD)
        .bind::<Integer, _>(latest.number.cast_signed())
        .bind::<Text, _>(payer.to_string())
        .bind::<BigInt, _>(latest.span.since_ns)
        .prepared()
        .execute(conn)
        .await?;
    if added == 1 {
        diesel::sql_query(REOPEN)
            .bind::<Integer, _>(latest.number.cast_signed())
            .prepared()
            .execute(conn)
            .await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct PayerRow {
    #[diesel(sql_type = Text)]
    payer: String,
    #[diesel(sql_type = BigInt)]
    cursor_ns: i64,
    #[diesel(sql_type = Integer)]
    pages: i32,
    #[diesel(sql_type = Bool)]
    done: bool,
}

/// The fee payers of a sweep, in the order of their text.
pub async fn payers(conn: &mut AsyncPgConnection, number: u32) -> Result<Vec<Payer>, StoreError> {
    const SQL: &str = "SELECT payer, cursor_ns, pages, done_at IS NOT NULL AS done FROM sweep_payer \
        WHERE number = $1 ORDER BY payer";
    let rows: Vec<PayerRow> =
        diesel::sql_query(SQL).bind::<Integer, _>(number.cast_signed()).prepared().load(conn).await?;
    rows.into_iter()
        .map(|row| {
            let account = row.payer.parse();
            Ok(Payer {
                account: account.map_err(|_| StoreError::inconsistent("sweep_payer", &row.payer, "payer"))?,
                cursor_ns: row.cursor_ns,
                pages: row.pages.cast_unsigned(),
                done: row.done,
            })
        })
        .collect()
}

/// Notes that everything up to `to_ns` was seen, if everything up to the payer's cursor was the last that was noted;
/// false when another has gone on.
pub async fn advance(
    conn: &mut AsyncPgConnection,
    number: u32,
    payer: &Payer,
    to_ns: i64,
    done: bool,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sweep_payer SET cursor_ns = $4, pages = pages + 1, \
        done_at = CASE WHEN $5 THEN clock_timestamp() END \
        WHERE number = $1 AND payer = $2 AND cursor_ns = $3 AND done_at IS NULL";
    let advanced = diesel::sql_query(SQL)
        .bind::<Integer, _>(number.cast_signed())
        .bind::<Text, _>(payer.account.to_string())
        .bind::<BigInt, _>(payer.cursor_ns)
        .bind::<BigInt, _>(to_ns)
        .bind::<Bool, _>(done)
        .prepared()
        .execute(conn)
        .await?;
    Ok(advanced == 1)
}

/// Ends a sweep whose fee payers were all looked through; says whether it did. The caller holds the lock.
pub async fn finish(conn: &mut AsyncPgConnection, number: u32) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sweep SET done_at = clock_timestamp() WHERE number = $1 AND done_at IS NULL \
        AND NOT EXISTS (SELECT FROM sweep_payer WHERE sweep_payer.number = $1 AND done_at IS NULL)";
    let ended =
        diesel::sql_query(SQL).bind::<Integer, _>(number.cast_signed()).prepared().execute(conn).await?;
    Ok(ended == 1)
}
