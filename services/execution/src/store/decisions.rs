//! How attempts end: decisions, each a compare-and-set on an undecided attempt, and what the rail did.
//!
//! Statements name the batch beside the attempts: whatever plan is made while the table is still empty, it reads the
//! attempts of one batch and never those of the whole run.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AttemptId, RunId};
use pg::Prepare as _;

use crate::domain::attempt::{Cause, Proof};
use crate::domain::payout::AttemptState;
use crate::domain::retry::Tries;
use crate::store::attempts::IdRow;
use crate::store::runs::class_code;
use crate::store::{StoreError, limits};

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

/// Decides attempts, each only if it is undecided; returns those that were. What the dead took of a day's limit is given
/// back.
pub async fn decide(
    mut conn: &AsyncPgConnection,
    run: RunId,
    batch_number: u32,
    decisions: &[Decision],
) -> Result<Vec<AttemptId>, StoreError> {
    const SQL: &str = "UPDATE attempt SET state = new.state, proof = new.proof, consensus_ns = new.consensus_ns, \
        failure_reason = new.reason, failure_class = new.class, decided_at = clock_timestamp(), \
        next_at = clock_timestamp() + new.after_ms * interval '1 millisecond', next_split = new.split, \
        next_tries = new.tries, next_recipient_tries = new.recipient_tries \
        FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
            AS new (attempt_id, state, proof, consensus_ns, reason, class, after_ms, split, tries, recipient_tries) \
        WHERE attempt.run_id = $1 AND attempt.batch_number = $2 AND attempt.attempt_id = new.attempt_id \
        AND attempt.state <= 2 \
        RETURNING attempt.attempt_id";
    if decisions.is_empty() {
        return Ok(Vec::new());
    }
    let settled = |d: &Decision| matches!(d.ending, Ending::Settled { .. });
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

/// Makes all failed payouts of a run pending again, due at once; returns how many. Those that were chosen before, or are
/// superseded, are no longer their attempt's.
pub async fn retry_failed(conn: &mut AsyncPgConnection, run: RunId) -> Result<u64, StoreError> {
    const SQL: &str = "WITH again AS (UPDATE attempt SET next_at = clock_timestamp(), next_split = false, next_tries = 0, \
        next_recipient_tries = 0 \
        WHERE run_id = $1 AND state = 4 AND next_at IS NULL AND NOT replaced AND cardinality(parted) < cardinality(ordinals) \
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
