//! Answers already given under an idempotency key: looked at before anything else is asked, so that a repeated call
//! gets its first answer even when what it depended on has changed since.

use diesel::sql_types::{Bytea, Nullable, Text};
use diesel::{OptionalExtension, QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use pg::idempotency::IdempotencyError;

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bytea)]
    request_hash: Vec<u8>,
    #[diesel(sql_type = Nullable<Bytea>)]
    response: Option<Vec<u8>>,
}

/// The first answer to this request, when there is one.
///
/// # Errors
/// [`IdempotencyError::Reused`] when the key was used for another request.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    scope: &str,
    key: &str,
    request_hash: &[u8; 32],
) -> Result<Option<Vec<u8>>, IdempotencyError> {
    let answer: Option<Answer> =
        sql_query("SELECT request_hash, response FROM idempotency_key WHERE scope = $1 AND key = $2")
            .bind::<Text, _>(scope)
            .bind::<Text, _>(key)
            .get_result(conn)
            .await
            .optional()?;
    match answer {
        Some(answer) if answer.request_hash != request_hash => Err(IdempotencyError::Reused),
        Some(answer) => Ok(answer.response),
        None => Ok(None),
    }
}
