//! Writing forgotten payments into the record: tables `attempt`, `live_attempt`, `batch`, for one batch that is locked.

use diesel::QueryableByName;
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Integer, Nullable, Numeric, SmallInt, Text, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AttemptId, RunId};
use pg::{Numeric128, Prepare as _};
use uuid::Uuid;

use crate::domain::adoption::{Effect, Standing};
use crate::domain::payout::AttemptState;
use crate::store::StoreError;

/// Payments that one batch adopts: each with the payouts it paid.
pub type Adopted<'a> = [(&'a Effect, &'a [Standing])];

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = BigInt)]
    account: i64,
    #[diesel(sql_type = Numeric)]
    units: Numeric128,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    attempt_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    state: Option<i16>,
    #[diesel(sql_type = Bool)]
    superseded: bool,
}

/// The payouts of `size` ordinals from `first`, by ordinal, as they stand.
pub async fn standings(
    conn: &mut AsyncPgConnection,
    run: RunId,
    load: Uuid,
    first: u32,
    size: u32,
) -> Result<Vec<Standing>, StoreError> {
    const SQL: &str = "SELECT i.ordinal, i.account, i.units, l.attempt_id, a.state, l.successor_run_id IS NOT NULL AS superseded \
        FROM instruction i LEFT JOIN live_attempt l ON l.run_id = i.run_id AND l.ordinal = i.ordinal \
        LEFT JOIN attempt a ON a.attempt_id = l.attempt_id \
        WHERE i.run_id = $1 AND i.load_id = $2 AND i.ordinal >= $3 AND i.ordinal < $4 ORDER BY i.ordinal";
    let rows: Vec<StandingRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<SqlUuid, _>(load)
        .bind::<Integer, _>(first.cast_signed())
        .bind::<Integer, _>(first.saturating_add(size).cast_signed())
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|row| {
            let state = row.state.map(|code| {
                AttemptState::from_code(code)
                    .ok_or_else(|| StoreError::inconsistent("attempt", row.ordinal, "state"))
            });
            Ok(Standing {
                ordinal: row.ordinal.cast_unsigned(),
                account: row.account.cast_unsigned(),
                units: row.units.0,
                live: row.attempt_id.map(AttemptId::from_uuid).zip(state.transpose()?),
                superseded: row.superseded,
            })
        })
        .collect()
}

/// Adopts payments: each becomes a settled attempt, the live one of its payouts, in place of none or of a dead one. False
/// when another has moved them meanwhile. The bytes that were sent are lost; the hash of what took effect is kept.
pub async fn adopt(
    conn: &mut AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    adopted: &Adopted<'_>,
) -> Result<bool, StoreError> {
    insert(conn, run, batch_number, adopted).await?;
    let (mut fresh, mut moved) = (Vec::new(), Vec::new());
    for (effect, payouts) in adopted {
        for payout in *payouts {
            match payout.live {
                None => fresh.push((payout.ordinal.cast_signed(), effect.attempt.as_uuid())),
                Some((dead, _)) => moved.push(Moved {
                    ordinal: payout.ordinal.cast_signed(),
                    units: Numeric128(payout.units),
                    from: dead.as_uuid(),
                    to: effect.attempt.as_uuid(),
                }),
            }
        }
    }
    let retries = moved.len();
    let all = make_live(conn, run, fresh).await? && take_over(conn, run, batch_number, moved).await?;
    note(conn, run, batch_number, adopted.len(), retries).await?;
    Ok(all)
}

async fn insert(
    conn: &mut AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    adopted: &Adopted<'_>,
) -> Result<(), StoreError> {
    // The window is not known any more; it is no longer than the network's longest, and it has closed.
    const SQL: &str = "INSERT INTO attempt (run_id, attempt_id, batch_number, ordinals, units, payer, valid_start_ns, \
        window_end_ns, nodes, copies, hashes, tries, send_begins, state, proof, consensus_ns, created_at, decided_at) \
        SELECT $1, attempt_id, $2, ARRAY(SELECT generate_series(first, first + size - 1)), units, payer, start_ns, \
        start_ns + 180000000000, ARRAY[node], ARRAY[''::bytea], ARRAY[hash], 0, 1, 3, 'SWEEP', consensus_ns, \
        to_timestamp(start_ns / 1000000000), clock_timestamp() \
        FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11) \
            AS new (attempt_id, first, size, units, payer, start_ns, node, hash, consensus_ns)";
    let each = |read: fn(&(&Effect, &[Standing])) -> i32| adopted.iter().map(read).collect::<Vec<i32>>();
    let units = adopted
        .iter()
        .map(|(_, payouts)| Numeric128(payouts.iter().map(|payout| payout.units).sum()))
        .collect::<Vec<_>>();
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(batch_number.cast_signed())
        .bind::<Array<SqlUuid>, _>(adopted.iter().map(|(e, _)| e.attempt.as_uuid()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(each(|(_, payouts)| {
            <[_]>::first(payouts).map_or(0, |p| p.ordinal.cast_signed())
        }))
        .bind::<Array<Integer>, _>(each(|(_, payouts)| i32::try_from(payouts.len()).unwrap_or(i32::MAX)))
        .bind::<Array<Numeric>, _>(units)
        .bind::<Array<Text>, _>(
            adopted.iter().map(|(e, _)| e.transaction.payer().to_string()).collect::<Vec<_>>(),
        )
        .bind::<Array<BigInt>, _>(
            adopted.iter().map(|(e, _)| e.transaction.valid_start_ns()).collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(adopted.iter().map(|(e, _)| e.node.to_string()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(adopted.iter().map(|(e, _)| e.hash.as_slice()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(adopted.iter().map(|(e, _)| e.consensus_ns).collect::<Vec<_>>())
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// The primary key refuses a second.
async fn make_live(
    conn: &mut AsyncPgConnection,
    run: RunId,
    fresh: Vec<(i32, Uuid)>,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO live_attempt (run_id, ordinal, attempt_id) \
        SELECT $1, ordinal, attempt_id FROM unnest($2, $3) AS adopted (ordinal, attempt_id) ON CONFLICT DO NOTHING";
    let expected = fresh.len();
    let (ordinals, owners): (Vec<i32>, Vec<Uuid>) = fresh.into_iter().unzip();
    let inserted = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Array<Integer>, _>(ordinals)
        .bind::<Array<SqlUuid>, _>(owners)
        .prepared()
        .execute(conn)
        .await?;
    Ok(inserted == expected)
}

struct Moved {
    ordinal: i32,
    units: Numeric128,
    from: Uuid,
    to: Uuid,
}

/// The compare-and-set from attempts that are dead, which keep the payouts that did not move.
async fn take_over(
    conn: &mut AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    moved: Vec<Moved>,
) -> Result<bool, StoreError> {
    const MOVE: &str = "UPDATE live_attempt SET attempt_id = moved.owner \
        FROM unnest($2, $3, $4) AS moved (ordinal, dead, owner), attempt \
        WHERE live_attempt.run_id = $1 AND live_attempt.ordinal = moved.ordinal AND live_attempt.attempt_id = moved.dead \
        AND attempt.attempt_id = moved.dead AND attempt.state = 4 AND NOT attempt.replaced";
    const LEAVE: &str = "UPDATE attempt SET parted = attempt.parted || gone.ordinals, \
        parted_units = attempt.parted_units + gone.units, \
        next_at = CASE WHEN cardinality(attempt.parted) + cardinality(gone.ordinals) < cardinality(attempt.ordinals) \
            THEN attempt.next_at END \
        FROM (SELECT dead, array_agg(ordinal) AS ordinals, sum(moved.units) AS units \
            FROM unnest($1, $2, $3) AS moved (dead, ordinal, units) JOIN attempt ON attempt.attempt_id = moved.dead \
            WHERE moved.ordinal <> ALL (attempt.parted) GROUP BY dead) AS gone \
        WHERE attempt.attempt_id = gone.dead";
    // Somebody may have chosen it, and it waited for its next attempt.
    const LEAVE_CHOSEN: &str = "UPDATE chosen_payout SET next_at = NULL FROM unnest($3, $4) AS moved (dead, ordinal) \
        WHERE run_id = $1 AND batch_number = $2 AND attempt_id = moved.dead AND chosen_payout.ordinal = moved.ordinal";
    if moved.is_empty() {
        return Ok(true);
    }
    let dead: Vec<Uuid> = moved.iter().map(|moved| moved.from).collect();
    let ordinals: Vec<i32> = moved.iter().map(|moved| moved.ordinal).collect();
    let changed = diesel::sql_query(MOVE)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Array<Integer>, _>(&ordinals)
        .bind::<Array<SqlUuid>, _>(&dead)
        .bind::<Array<SqlUuid>, _>(moved.iter().map(|moved| moved.to).collect::<Vec<_>>())
        .prepared()
        .execute(conn)
        .await?;
    diesel::sql_query(LEAVE)
        .bind::<Array<SqlUuid>, _>(&dead)
        .bind::<Array<Integer>, _>(&ordinals)
        .bind::<Array<Numeric>, _>(moved.iter().map(|moved| moved.units).collect::<Vec<_>>())
        .prepared()
        .execute(conn)
        .await?;
    diesel::sql_query(LEAVE_CHOSEN)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(batch_number.cast_signed())
        .bind::<Array<SqlUuid>, _>(&dead)
        .bind::<Array<Integer>, _>(&ordinals)
        .prepared()
        .execute(conn)
        .await?;
    Ok(changed == moved.len())
}

async fn note(
    conn: &mut AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    attempts: usize,
    retries: usize,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE batch SET adopted = true, attempts = attempts + $3, retries = retries + $4, \
        started_at = coalesce(started_at, clock_timestamp()) WHERE run_id = $1 AND number = $2";
    let small = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(batch_number.cast_signed())
        .bind::<Integer, _>(small(attempts))
        .bind::<Integer, _>(small(retries))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}
