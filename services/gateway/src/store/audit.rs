//! Writing the audit log.

use std::time::{Duration, SystemTime};

use diesel::prelude::Insertable;
use diesel::result::QueryResult;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use ids::Uuid;

use super::schema::{audit_attempt, audit_outcome};
use crate::domain::{Attempt, Outcome};

#[derive(Insertable)]
#[diesel(table_name = audit_attempt)]
struct AttemptRow<'a> {
    id: Uuid,
    occurred_ns: i64,
    subject: Option<&'a str>,
    roles: Vec<String>,
    method: &'a str,
    idempotency_key: Option<&'a str>,
    peer: Option<&'a str>,
    request_bytes: Option<i64>,
    request_sha256: Option<&'a [u8]>,
    left_out: i64,
}

impl<'a> From<&'a Attempt> for AttemptRow<'a> {
    fn from(attempt: &'a Attempt) -> AttemptRow<'a> {
        let request = attempt.request.as_ref();
        AttemptRow {
            id: attempt.id.as_uuid(),
            occurred_ns: unix_ns(attempt.at),
            subject: attempt.subject.as_deref(),
            roles: attempt.roles.names(),
            method: &attempt.method,
            idempotency_key: attempt.idempotency_key.as_deref(),
            peer: attempt.peer.as_deref(),
            request_bytes: request.map(|digest| i64::try_from(digest.bytes).unwrap_or(i64::MAX)),
            request_sha256: request.map(|digest| digest.sha256.as_slice()),
            left_out: i64::try_from(attempt.left_out).unwrap_or(i64::MAX),
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = audit_outcome)]
struct OutcomeRow<'a> {
    id: Uuid,
    occurred_ns: i64,
    code: String,
    reason: Option<&'a str>,
    duration_ns: i64,
}

impl<'a> From<&'a Outcome> for OutcomeRow<'a> {
    fn from(outcome: &'a Outcome) -> OutcomeRow<'a> {
        OutcomeRow {
            id: outcome.id.as_uuid(),
            occurred_ns: unix_ns(outcome.at),
            code: code_name(outcome.code),
            reason: outcome.reason.as_deref(),
            duration_ns: ns(outcome.duration),
        }
    }
}

/// Writes attempts and outcomes in one transaction. An outcome that is there already stays as it is: it is written
/// again when the answer to its first writing was lost.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    attempts: &[&Attempt],
    outcomes: &[&Outcome],
) -> QueryResult<()> {
    // One statement is a transaction of its own, and saves two round trips.
    if outcomes.is_empty() {
        return insert_attempts(conn, attempts).await;
    }
    if attempts.is_empty() {
        return insert_outcomes(conn, outcomes).await;
    }
    pg::transaction(conn, async |conn| {
        insert_attempts(conn, attempts).await?;
        insert_outcomes(conn, outcomes).await
    })
    .await
}

async fn insert_attempts(conn: &mut AsyncPgConnection, attempts: &[&Attempt]) -> QueryResult<()> {
    let rows: Vec<AttemptRow> = attempts.iter().copied().map(AttemptRow::from).collect();
    diesel::insert_into(audit_attempt::table).values(rows).execute(conn).await.map(drop)
}

async fn insert_outcomes(conn: &mut AsyncPgConnection, outcomes: &[&Outcome]) -> QueryResult<()> {
    let rows: Vec<OutcomeRow> = outcomes.iter().copied().map(OutcomeRow::from).collect();
    diesel::insert_into(audit_outcome::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .map(drop)
}

fn unix_ns(time: SystemTime) -> i64 {
    ns(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// Nanoseconds; `i64` holds 292 years of them.
fn ns(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// `PermissionDenied` as gRPC writes it: `PERMISSION_DENIED`.
fn code_name(code: tonic::Code) -> String {
    let mut name = String::new();
    for (position, letter) in format!("{code:?}").chars().enumerate() {
        if letter.is_uppercase() && position > 0 {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::code_name;
    use tonic::Code;

    #[test]
    fn codes_have_the_names_grpc_gives_them() {
        let expected = [
            (Code::Ok, "OK"),
            (Code::Cancelled, "CANCELLED"),
            (Code::PermissionDenied, "PERMISSION_DENIED"),
            (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
            (Code::Unauthenticated, "UNAUTHENTICATED"),
        ];
        for (code, name) in expected {
            assert_eq!(code_name(code), name);
        }
    }
}
