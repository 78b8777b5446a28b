//! Same key and same request: one effect, one answer.

use diesel::dsl::count_star;
use diesel::{QueryDsl, table};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::join_all};
use pg::idempotency::{IdempotencyError, Once, Outcome, once};
use pg::{PgError, Planner, Pool};

use crate::ledger;

table! {
    work_done (id) {
        id -> BigInt,
    }
}

const SCOPE: &str = "bursar.ledger.v1.LedgerService/Work:alice";
const HASH: [u8; 32] = [7; 32];

#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error(transparent)]
    Key(#[from] IdempotencyError),
    #[error(transparent)]
    Pool(#[from] PgError),
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    #[error("the body failed")]
    Body,
}

async fn pool() -> Pool {
    pg::connect(&ledger().await, Planner::Statistics).await.expect("a pool")
}

/// The body leaves one row; its answer says which caller ran it.
async fn work(pool: Pool, key: &str, hash: [u8; 32], caller: u8, fails: bool) -> Result<Outcome, WorkError> {
    let mut conn = pool.get().await.expect("a connection");
    pg::transaction(&mut conn, async |conn| {
        once(conn, SCOPE, key, &hash, async |conn: &mut AsyncPgConnection| {
            diesel::insert_into(work_done::table).default_values().execute(conn).await?;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            if fails { Err(WorkError::Body) } else { Ok(vec![caller]) }
        })
        .await
    })
    .await
}

async fn effects(pool: &Pool) -> i64 {
    let mut conn = pool.get().await.expect("a connection");
    work_done::table.select(count_star()).first(&mut conn).await.expect("readable")
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_concurrent_calls_run_the_body_once_and_get_the_same_bytes() {
    let pool = pool().await;
    // Spawned, because a service's handlers are: the future must be `Send`.
    let calls = (0..20_u8).map(|caller| {
        let pool = pool.clone();
        tokio::spawn(async move { work(pool, "k1", HASH, caller, false).await })
    });
    let outcomes: Vec<Outcome> =
        join_all(calls).await.into_iter().map(|call| call.expect("joined").expect("answered")).collect();
    let firsts = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::First(_))).count();
    assert_eq!(firsts, 1);
    let answers: Vec<Vec<u8>> = outcomes.into_iter().map(Outcome::into_bytes).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(effects(&pool).await, 1);
}

#[tokio::test]
async fn the_same_key_for_another_request_is_refused() {
    let pool = pool().await;
    work(pool.clone(), "k2", HASH, 1, false).await.expect("answered");
    let error = work(pool.clone(), "k2", [8; 32], 2, false).await.expect_err("refused");
    assert!(matches!(error, WorkError::Key(IdempotencyError::Reused)), "{error}");
    assert_eq!(effects(&pool).await, 1);
}

#[tokio::test]
async fn a_failed_body_leaves_neither_key_nor_effect() {
    let pool = pool().await;
    let error = work(pool.clone(), "k3", HASH, 1, true).await.expect_err("failed");
    assert!(matches!(error, WorkError::Body), "{error}");
    assert_eq!(effects(&pool).await, 0);
    let again = work(pool.clone(), "k3", HASH, 2, false).await.expect("answered");
    assert_eq!(again, Outcome::First(vec![2]));
    assert_eq!(effects(&pool).await, 1);
}

#[tokio::test]
async fn keys_of_different_scopes_never_meet() {
    let pool = pool().await;
    work(pool.clone(), "k4", HASH, 1, false).await.expect("answered");
    let mut conn = pool.get().await.expect("a connection");
    let other = pg::transaction::<_, WorkError, _>(&mut conn, async |conn| {
        let body = async |_: &mut AsyncPgConnection| Ok(vec![9]);
        once(conn, "bursar.ledger.v1.LedgerService/Work:bob", "k4", &[8; 32], body).await
    });
    assert_eq!(other.await.expect("answered"), Outcome::First(vec![9]));
}

fn call(key: &str, hash: [u8; 32]) -> Once<u32, String, WorkError> {
    let answer = |rows: &u32| format!("{rows} written");
    Once::new(SCOPE.to_owned(), key.to_owned(), hash, answer)
}

async fn write(pool: &Pool, call: &Once<u32, String, WorkError>, rows: u32) -> Result<String, WorkError> {
    call.run(pool, move |conn| async move { insert(conn, rows).await }.boxed()).await
}

async fn insert(conn: &mut AsyncPgConnection, rows: u32) -> Result<u32, WorkError> {
    diesel::insert_into(work_done::table).default_values().execute(conn).await?;
    Ok(rows)
}

#[tokio::test]
async fn a_repeated_call_is_answered_as_the_first_was() {
    let (pool, call) = (pool().await, call("k5", HASH));
    assert_eq!(call.answered(&pool).await.expect("asked"), None);
    assert_eq!(write(&pool, &call, 1).await.expect("answered"), "1 written");
    assert_eq!(call.answered(&pool).await.expect("asked").as_deref(), Some("1 written"));
    assert_eq!(write(&pool, &call, 2).await.expect("answered"), "1 written");
    assert_eq!(effects(&pool).await, 1);
}

#[tokio::test]
async fn a_call_under_the_key_of_another_is_refused_before_and_in_the_write() {
    let pool = pool().await;
    write(&pool, &call("k6", HASH), 1).await.expect("answered");
    let other = call("k6", [8; 32]);
    let error = other.answered(&pool).await.expect_err("refused");
    assert!(matches!(error, WorkError::Key(IdempotencyError::Reused)), "{error}");
    let error = write(&pool, &other, 1).await.expect_err("refused");
    assert!(matches!(error, WorkError::Key(IdempotencyError::Reused)), "{error}");
    assert_eq!(effects(&pool).await, 1);
}

#[tokio::test]
async fn bytes_that_are_no_answer_are_not_taken_for_one() {
    let pool = pool().await;
    // No message begins with a tag of zero.
    let mut conn = pool.get().await.expect("a connection");
    let stored = pg::transaction::<_, WorkError, _>(&mut conn, async |conn| {
        once(conn, SCOPE, "k7", &HASH, async |_: &mut AsyncPgConnection| Ok(vec![0, 0])).await
    });
    stored.await.expect("stored");
    let error = call("k7", HASH).answered(&pool).await.expect_err("unreadable");
    assert!(matches!(error, WorkError::Key(IdempotencyError::Unreadable(_))), "{error}");
}
