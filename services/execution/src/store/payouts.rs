//! Payouts as people see them: an instruction with its live attempt.

use std::time::SystemTime;

use diesel::QueryableByName;
use diesel::pg::sql_types::Timestamptz;
use diesel::sql_types::{BigInt, Integer, Nullable, Numeric, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{PayoutId, RunId};
use pg::{Numeric128, Prepare as _};
use uuid::Uuid;

use crate::domain::attempt::Cause;
use crate::domain::payout::{AttemptState, PayoutStatus, status};
use crate::domain::run::{Run, RunState};
use crate::store::runs::class_from_code;
use crate::store::{At, StoreError};

/// A payout.
#[derive(Clone, Debug)]
pub struct Payout {
    /// Position in the run.
    pub ordinal: u32,
    /// Hedera account number of the payee.
    pub account: u64,
    /// What to pay, in smallest units.
    pub units: u128,
    /// Where it stands.
    pub status: PayoutStatus,
    /// The rail's id of its live attempt's transaction.
    pub transaction: Option<hedera::TransactionId>,
    /// Why it failed or is in doubt.
    pub cause: Option<Cause>,
    /// When its live attempt was intended or decided.
    pub updated_at: Option<SystemTime>,
    /// The rail's time of the payment, where known.
    pub consensus_ns: Option<i64>,
    /// When it is tried again by itself.
    pub next_at: Option<SystemTime>,
    /// What replaces it.
    pub superseded_by: Option<PayoutId>,
    /// What it replaces.
    pub supersedes: Option<PayoutId>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = BigInt)]
    account: i64,
    #[diesel(sql_type = Numeric)]
    units: Numeric128,
    #[diesel(sql_type = Nullable<SmallInt>)]
    state: Option<i16>,
    #[diesel(sql_type = Nullable<Text>)]
    payer: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    valid_start_ns: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    failure_reason: Option<String>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    failure_class: Option<i16>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    updated_at: Option<At>,
    #[diesel(sql_type = Nullable<BigInt>)]
    consensus_ns: Option<i64>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    next_at: Option<At>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    successor_run_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Integer>)]
    successor_ordinal: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    supersedes: Option<i32>,
}

/// A failure's reason and class as the tables hold them.
pub(crate) fn cause(reason: Option<String>, class: Option<i16>) -> Result<Option<Cause>, ()> {
    match (reason, class) {
        (Some(reason), Some(class)) => Ok(Some(Cause { reason, class: class_from_code(class).ok_or(())? })),
        (None, None) => Ok(None),
        _ => Err(()),
    }
}

impl Row {
    fn into_payout(self, run: &Run) -> Result<Payout, StoreError> {
        let wrong = |column| StoreError::inconsistent("attempt", self.ordinal, column);
        let live =
            self.state.map(|code| AttemptState::from_code(code).ok_or_else(|| wrong("state"))).transpose()?;
        let transaction = match (&self.payer, self.valid_start_ns) {
            (Some(payer), Some(start)) => {
                Some(hedera::TransactionId::new(payer.parse().map_err(|_| wrong("payer"))?, start))
            }
            _ => None,
        };
        let named = |run: Uuid, ordinal: i32| PayoutId {
            run: RunId::from_uuid(run),
            ordinal: ordinal.cast_unsigned(),
        };
        let superseded_by =
            self.successor_run_id.zip(self.successor_ordinal).map(|(run, ordinal)| named(run, ordinal));
        let supersedes = run.header.supersedes.zip(self.supersedes);
        let status = if superseded_by.is_some() {
            PayoutStatus::Superseded
        } else {
            status(live, self.next_at.is_some(), run.state)
        };
        let shown = matches!(status, PayoutStatus::Failed | PayoutStatus::InDoubt);
        // Nothing goes again by itself in a run that is halted.
        let waiting = status == PayoutStatus::Pending && run.state.may_send();
        Ok(Payout {
            ordinal: self.ordinal.cast_unsigned(),
            account: self.account.cast_unsigned(),
            units: self.units.0,
            status,
            transaction,
            cause: cause(self.failure_reason, self.failure_class)
                .map_err(|()| StoreError::inconsistent("attempt", self.ordinal, "failure_class"))?
                .filter(|_| shown),
            updated_at: self.updated_at.map(|at| at.0),
            consensus_ns: self.consensus_ns,
            next_at: self.next_at.filter(|_| waiting).map(|at| at.0),
            superseded_by,
            supersedes: supersedes.map(|(run, ordinal)| named(run.as_uuid(), ordinal)),
        })
    }
}

/// Which payouts a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only with this status.
    pub status: Option<PayoutStatus>,
    /// Only to this account.
    pub account: Option<u64>,
}

impl Filter {
    /// The number of the wanted status in the CASE below; it follows [`status`].
    fn status_code(self) -> Option<i32> {
        self.status.map(|status| match status {
            PayoutStatus::Pending => 1,
            PayoutStatus::Processing => 2,
            PayoutStatus::InDoubt => 3,
            PayoutStatus::Paid => 4,
            PayoutStatus::Failed => 5,
            PayoutStatus::Cancelled => 6,
            PayoutStatus::Superseded => 7,
        })
    }
}

/// Up to `limit` payouts by ordinal, from `from` on.
pub async fn list(
    conn: &mut AsyncPgConnection,
    run: &Run,
    filter: Filter,
    from: u32,
    limit: u32,
) -> Result<Vec<Payout>, StoreError> {
    const SQL: &str = "SELECT i.ordinal, i.account, i.units, a.state, a.payer, a.valid_start_ns, a.failure_reason, \
        a.failure_class, coalesce(a.decided_at, a.created_at) AS updated_at, a.consensus_ns, \
        l.successor_run_id, l.successor_ordinal, i.supersedes, next.at AS next_at \
        FROM instruction i LEFT JOIN live_attempt l ON l.run_id = i.run_id AND l.ordinal = i.ordinal \
        LEFT JOIN attempt a ON a.attempt_id = l.attempt_id \
        LEFT JOIN chosen_payout c ON c.run_id = i.run_id AND c.batch_number = a.batch_number \
            AND c.attempt_id = a.attempt_id AND c.ordinal = i.ordinal \
        CROSS JOIN LATERAL (SELECT CASE WHEN c.ordinal IS NULL THEN a.next_at ELSE c.next_at END AS at) AS next \
        WHERE i.run_id = $1 AND i.load_id = $2 AND i.ordinal >= $3 AND ($4 IS NULL OR i.account = $4) \
        AND ($5 IS NULL OR $5 = CASE WHEN l.successor_run_id IS NOT NULL THEN 7 WHEN a.state = 1 THEN 2 WHEN a.state = 2 THEN 3 WHEN a.state = 3 THEN 4 \
            WHEN a.state = 4 AND next.at IS NULL THEN 5 WHEN $6 THEN 6 ELSE 1 END) \
        ORDER BY i.ordinal LIMIT $7";
    let stopped = matches!(run.state, RunState::Cancelling | RunState::Cancelled);
    let rows: Vec<Row> = diesel::sql_query(SQL)
        .bind::<SqlUuid, _>(run.header.run.as_uuid())
        .bind::<SqlUuid, _>(run.load_id)
        .bind::<Integer, _>(from.cast_signed())
        .bind::<Nullable<BigInt>, _>(filter.account.map(u64::cast_signed))
        .bind::<Nullable<Integer>, _>(filter.status_code())
        .bind::<diesel::sql_types::Bool, _>(stopped)
        .bind::<BigInt, _>(i64::from(limit))
        .prepared()
        .load(conn)
        .await?;
    rows.into_iter().map(|row| row.into_payout(run)).collect()
}
