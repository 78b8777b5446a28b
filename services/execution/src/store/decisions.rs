//! How attempts end: decisions, each a compare-and-set on an undecided attempt, and what the rail did.
//!
//! Statements name the batch beside the attempts: whatever plan is made while the table is still empty, it reads the
//! attempts of one batch and never those of the whole run.

use std::time::Duration;

use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AttemptId, RunId};
use pg::Prepare as _;

use crate::domain::attempt::{Cause, Proof};
use crate::domain::payout::AttemptState;
use crate::domain::retry::Tries;
use crate::domain::run::Run;
use crate::store::attempts::{IdRow, StoredAttempt};
use crate::store::runs::class_code;
use crate::store::{AnswerRow, StoreError, limits};

/// What is to be written about one attempt that is over.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The attempt.
    pub attempt: AttemptId,
    /// What shows it.
    pub proof: Proof,
    /// Paid, or dead for this cause.
    pub ending: Ending,
}

/// How an attempt ends.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The rail shows its effect.
    Settled {
        /// When, where the evidence says it.
        consensus_ns: Option<i64>,
    },
    /// It has no effect, for ever.
    Dead {
        /// Why.
        cause: Cause,
        /// When its payouts are tried again; none: they have failed.
        next: Option<Next>,
    },
}

impl Ending {
    /// Whether the rail shows its effect.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Settled { .. })
    }
}

/// How the payouts of a dead attempt go on.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    /// After how long.
    pub after: Duration,
    /// Each alone.
    pub split: bool,
    /// Automatic failures behind them.
    pub tries: Tries,
}

/// Decides attempts, each only if it is undecided, and as dead only if no effect of it was ever seen; returns those that
/// were. What the dead took of a day's limit is given back.
pub async fn decide(
    mut conn: &AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    decisions: &[Decision],
) -> Result<Vec<AttemptId>, StoreError> {
    // Not EXISTS: that could be planned as a reading of all effects, once for all rows.
    const SQL: &str = "UPDATE attempt SET state = new.state, proof = new.proof, consensus_ns = new.consensus_ns, \
        failure_reason = new.reason, failure_class = new.class, decided_at = clock_timestamp(), \
        next_at = clock_timestamp() + new.after_ms * interval '1 millisecond', next_split = new.split, \
        next_tries = new.tries, next_recipient_tries = new.recipient_tries \
        FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
            AS new (attempt_id, state, proof, consensus_ns, reason, class, after_ms, split, tries, recipient_tries) \
        WHERE attempt.run_id = $1 AND attempt.batch_number = $2 AND attempt.attempt_id = new.attempt_id \
        AND attempt.state <= 2 \
        AND (new.state = 3 OR (SELECT seen.attempt_id FROM rail_effect AS seen \
            WHERE seen.attempt_id = attempt.attempt_id LIMIT 1) IS NULL) \
        RETURNING attempt.attempt_id";
    if decisions.is_empty() {
        return Ok(Vec::new());
    }
    let settled = |d: &Decision| d.ending.is_settled();
    let state =
        |d: &Decision| if settled(d) { AttemptState::Settled.code() } else { AttemptState::Dead.code() };
    let next = |d: &Decision| if let Ending::Dead { next, .. } = &d.ending { *next } else { None };
    let tries = |d: &Decision| next(d).map(|next| next.tries).unwrap_or_default();
    let cause =
        |d: &Decision| if let Ending::Dead { cause, .. } = &d.ending { Some(cause.clone()) } else { None };
    let consensus =
        |d: &Decision| if let Ending::Settled { consensus_ns } = d.ending { consensus_ns } else { None };
    let after_ms = |next: Next| i64::try_from(next.after.as_millis()).unwrap_or(i64::MAX);
    let rows: Vec<IdRow> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(batch_number.cast_signed())
        .bind::<Array<SqlUuid>, _>(decisions.iter().map(|d| d.attempt.as_uuid()).collect::<Vec<_>>())
        .bind::<Array<SmallInt>, _>(decisions.iter().map(state).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(decisions.iter().map(|d| d.proof.code()).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(decisions.iter().map(consensus).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(
            decisions.iter().map(|d| cause(d).map(|c| c.reason)).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<SmallInt>>, _>(
            decisions.iter().map(|d| cause(d).map(|c| class_code(c.class))).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<BigInt>>, _>(
            decisions.iter().map(|d| next(d).map(after_ms)).collect::<Vec<_>>(),
        )
        .bind::<Array<Bool>, _>(
            decisions.iter().map(|d| next(d).is_some_and(|n| n.split)).collect::<Vec<_>>(),
        )
        .bind::<Array<Integer>, _>(
            decisions.iter().map(|d| tries(d).retryable.cast_signed()).collect::<Vec<_>>(),
        )
        .bind::<Array<Integer>, _>(
            decisions.iter().map(|d| tries(d).recipient.cast_signed()).collect::<Vec<_>>(),
        )
        .prepared()
        .load(&mut conn)
        .await?;
    let decided: Vec<AttemptId> = rows.into_iter().map(|row| AttemptId::from_uuid(row.attempt_id)).collect();
    let dead = decisions.iter().filter(|d| !settled(d) && decided.contains(&d.attempt));
    let dead: Vec<AttemptId> = dead.map(|d| d.attempt).collect();
    if !dead.is_empty() {
        limits::release(conn, run, batch_number, &dead).await?;
    }
    Ok(decided)
}

/// Marks undecided attempts as in doubt, for a reason to show.
pub async fn doubt(
    conn: &mut AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    doubts: &[(AttemptId, &str)],
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE attempt SET state = 2, failure_reason = new.reason, failure_class = 1 \
        FROM unnest($3, $4) AS new (attempt_id, reason) \
        WHERE attempt.run_id = $1 AND attempt.batch_number = $2 AND attempt.attempt_id = new.attempt_id \
        AND attempt.state <= 2";
    if doubts.is_empty() {
        return Ok(());
    }
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Integer, _>(batch_number.cast_signed())
        .bind::<Array<SqlUuid>, _>(doubts.iter().map(|(id, _)| id.as_uuid()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(doubts.iter().map(|(_, reason)| *reason).collect::<Vec<_>>())
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Records what the rail did, whatever we think of it; an effect that is known already stays as it is.
pub async fn record_effects(
    mut conn: &AsyncPgConnection,
    run: RunId,
    effects: &[(AttemptId, String, Option<i64>)],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO rail_effect (rail, effect_id, leg, run_id, attempt_id, consensus_ns) \
        SELECT 'hedera', effect_id, 0, $1, attempt_id, consensus_ns \
        FROM unnest($2, $3, $4) AS new (attempt_id, effect_id, consensus_ns) ON CONFLICT DO NOTHING";
    if effects.is_empty() {
        return Ok(());
    }
    diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.as_uuid())
        .bind::<Array<SqlUuid>, _>(effects.iter().map(|(id, _, _)| id.as_uuid()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(effects.iter().map(|(_, effect, _)| effect.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(effects.iter().map(|(_, _, at)| *at).collect::<Vec<_>>())
        .prepared()
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Whether the rail has shown an effect of this attempt.
pub async fn has_effect(conn: &mut AsyncPgConnection, attempt: AttemptId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM rail_effect WHERE attempt_id = $1) AS answer";
    let row: AnswerRow =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(attempt.as_uuid()).prepared().get_result(conn).await?;
    Ok(row.answer)
}

/// Settles an attempt that was wrongly decided as dead, for those of its payouts that still go by it, and takes what it
/// paid of the day's limit again; returns how many payouts these are. Those that have gone on to other attempts, or have
/// a successor, stay there. The caller has locked its run and its batch.
pub async fn correct(
    conn: &mut AsyncPgConnection,
    run: &Run,
    dead: &StoredAttempt,
    effect: &Decision,
) -> Result<usize, StoreError> {
    const SETTLE: &str = "WITH own AS (SELECT pay.ordinal, pay.units FROM live_attempt AS live \
            JOIN instruction AS pay ON pay.run_id = $1 AND pay.load_id = $2 AND pay.ordinal = live.ordinal \
            WHERE live.run_id = $1 AND live.ordinal = ANY ($5) AND live.attempt_id = $4) \
        UPDATE attempt SET state = 3, proof = $6, consensus_ns = $7, failure_reason = NULL, failure_class = NULL, \
        decided_at = clock_timestamp(), next_at = NULL, replaced = false, \
        parted = ARRAY(SELECT paid.ordinal FROM unnest(attempt.ordinals) AS paid (ordinal) \
            WHERE NOT EXISTS (SELECT FROM own WHERE own.ordinal = paid.ordinal)), \
        parted_units = attempt.units - (SELECT sum(own.units) FROM own) \
        WHERE run_id = $1 AND batch_number = $3 AND attempt_id = $4 AND state = 4 AND EXISTS (SELECT FROM own) \
        RETURNING cardinality(ordinals) - cardinality(parted) AS payouts";
    // Somebody may have chosen them, and they waited for their next attempt.
    const STAY: &str = "UPDATE chosen_payout SET next_at = NULL \
        WHERE run_id = $1 AND batch_number = $2 AND attempt_id = $3 AND next_at IS NOT NULL";
    let Ending::Settled { consensus_ns } = effect.ending else { return Ok(0) };
    let (id, batch) = (run.header.run, dead.batch_number);
    let settled: Option<PayoutsRow> = diesel::sql_query(SETTLE)
        .bind::<SqlUuid, _>(id.as_uuid())
        .bind::<SqlUuid, _>(run.load_id)
        .bind::<Integer, _>(batch.cast_signed())
        .bind::<SqlUuid, _>(dead.id.as_uuid())
        .bind::<Array<Integer>, _>(dead.ordinals.iter().map(|own| own.cast_signed()).collect::<Vec<_>>())
        .bind::<Text, _>(effect.proof.code())
        .bind::<Nullable<BigInt>, _>(consensus_ns)
        .get_result(conn)
        .await
        .optional()?;
    diesel::sql_query(STAY)
        .bind::<SqlUuid, _>(id.as_uuid())
        .bind::<Integer, _>(batch.cast_signed())
        .bind::<SqlUuid, _>(dead.id.as_uuid())
        .execute(conn)
        .await?;
    let Some(PayoutsRow { payouts }) = settled else { return Ok(0) };
    limits::take_adopted(conn, id, batch, &[dead.id]).await?;
    Ok(usize::try_from(payouts).unwrap_or_default())
}

#[derive(QueryableByName)]
struct PayoutsRow {
    #[diesel(sql_type = Integer)]
    payouts: i32,
}

/// Makes all failed payouts of a run pending again, due at once; returns how many. Those that were chosen before, or are
/// superseded, are no longer their attempt's; those whose attempt has shown an effect are paid.
pub async fn retry_failed(conn: &mut AsyncPgConnection, run: RunId) -> Result<u64, StoreError> {
    const SQL: &str = "WITH again AS (UPDATE attempt SET next_at = clock_timestamp(), next_split = false, next_tries = 0, \
        next_recipient_tries = 0 \
        WHERE run_id = $1 AND state = 4 AND next_at IS NULL AND NOT replaced AND cardinality(parted) < cardinality(ordinals) \
        AND NOT EXISTS (SELECT FROM rail_effect AS seen WHERE seen.attempt_id = attempt.attempt_id) \
        RETURNING cardinality(ordinals) - cardinality(parted) AS payouts) \
        SELECT coalesce(sum(payouts), 0)::bigint AS payouts FROM again";
    let row: CountRow =
        diesel::sql_query(SQL).bind::<SqlUuid, _>(run.as_uuid()).prepared().get_result(conn).await?;
    Ok(row.payouts.cast_unsigned())
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    payouts: i64,
}
