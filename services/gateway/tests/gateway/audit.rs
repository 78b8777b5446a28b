//! The audit log: what is in it, and that nothing with effects happens without it.

use std::time::Duration;

use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use pg::DbConfig;
use prost::Message as _;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::echo::Codec;
use crate::suite::{Suite, authorize, becomes, path};

#[derive(Debug, QueryableByName)]
pub(crate) struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) subject: Option<String>,
    #[diesel(sql_type = Array<Text>)]
    pub(crate) roles: Vec<String>,
    #[diesel(sql_type = Text)]
    pub(crate) method: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) idempotency_key: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) peer: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) request_bytes: Option<i64>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub(crate) request_sha256: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) reason: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) duration_ns: Option<i64>,
    #[diesel(sql_type = BigInt)]
    pub(crate) left_out: i64,
}

async fn connect(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.expect("the database is there")
}

/// The log in the order of its attempts.
pub(crate) async fn rows(db: &DbConfig) -> Vec<Row> {
    let query =
        "SELECT subject, roles, method, idempotency_key, peer, request_bytes, request_sha256, code, reason,
                 duration_ns, left_out FROM audit_attempt LEFT JOIN audit_outcome USING (id) ORDER BY id";
    sql_query(query).load(&mut connect(&db.url).await).await.expect("the runtime role can read")
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_with_effects_are_recorded_with_who_what_and_outcome_and_reads_are_not() {
    let suite = Suite::start().await;
    let token = suite.provider.token("alice", &["VIEWER", "PAYOUT"]);
    for text in ["hello", "fail"] {
        let mut request = Request::new(text.to_owned());
        authorize(&mut request, &token);
        request.metadata_mut().insert("idempotency-key", "order-7".parse().expect("ASCII"));
        drop(suite.send("Write", request).await);
    }
    suite.call("Read", "hello", &token).await.expect("a read");
    let rows = rows(&suite.stop().await).await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    for row in &rows {
        assert_eq!((row.subject.as_deref(), row.roles.join(",").as_str()), (Some("alice"), "PAYOUT,VIEWER"));
        assert_eq!(row.method, "/bursar.test.v1.EchoService/Write");
        assert_eq!(row.idempotency_key.as_deref(), Some("order-7"));
        assert!(row.peer.as_deref().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{row:?}");
        assert!(row.duration_ns.is_some_and(|ns| ns > 0));
    }
    let hello = "hello".to_owned();
    assert_eq!(rows[0].request_bytes, i64::try_from(hello.encoded_len()).ok());
    assert_eq!(rows[0].request_sha256, Some(service_kit::idempotency::request_hash(&hello).to_vec()));
    assert_eq!((rows[0].code.as_deref(), rows[0].reason.as_deref()), (Some("OK"), None));
    assert_eq!(
        (rows[1].code.as_deref(), rows[1].reason.as_deref()),
        (Some("FAILED_PRECONDITION"), Some("TEST_REASON"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_request_is_recorded_before_it_is_read() {
    let suite = Suite::start().await;
    let mut upload = Request::new(tokio_stream::iter(["a", "b"].map(str::to_owned)));
    authorize(&mut upload, &suite.provider.token("alice", &["PAYOUT"]));
    let joined = suite.grpc().await.client_streaming(upload, path("Upload"), Codec::default()).await;
    assert_eq!(joined.expect("allowed").into_inner(), "a+b");
    let rows = rows(&suite.stop().await).await;
    assert_eq!((rows.len(), rows[0].request_bytes, rows[0].code.as_deref()), (1, None, Some("OK")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_is_recorded_with_the_caller_that_was_known() {
    let suite = Suite::start().await;
    let token = suite.provider.token("vera", &["VIEWER"]);
    suite.call("Write", "hello", &token).await.expect_err("she may not");
    // It is in the log before the caller hears of it.
    let rows = rows(&suite.db).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].subject.as_deref(), rows[0].code.as_deref()),
        (Some("vera"), Some("PERMISSION_DENIED"))
    );
    assert_eq!(rows[0].reason.as_deref(), Some("ROLE_MISSING"));
}

/// Anybody can fill a log that takes a row of everybody.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_refused_strangers_some_have_records_and_these_count_the_others() {
    const CALLS: usize = 40;
    let suite = Suite::start_with(|config| config.limits.strangers_recorded_max = 3).await;
    let vera = suite.provider.token("vera", &["VIEWER"]);
    for _ in 0..CALLS {
        let refused = suite.call("Write", "hello", "nonsense").await.expect_err("nobody");
        assert_eq!(refused.code(), Code::Unauthenticated);
        // Who is known has a record each time.
        suite.call("Write", "hello", &vera).await.expect_err("she may not");
    }
    let log = rows(&suite.db).await;
    let known = log.iter().filter(|row| row.subject.as_deref() == Some("vera")).count();
    let strangers: Vec<&Row> = log.iter().filter(|row| row.subject.is_none()).collect();
    assert_eq!(known, CALLS);
    assert!((3..CALLS).contains(&strangers.len()), "{} of {CALLS} have records", strangers.len());
    let left_out = |row: &&Row| usize::try_from(row.left_out).expect("never below zero");
    let told = |rows: &[&Row]| rows.len() + rows.iter().map(left_out).sum::<usize>();
    assert!(told(&strangers) <= CALLS);
    // The next one with a record of its own tells of all that had none.
    let before = strangers.len();
    let mut more = 0;
    while rows(&suite.db).await.iter().filter(|row| row.subject.is_none()).count() == before {
        suite.call("Write", "hello", "nonsense").await.expect_err("nobody");
        more += 1;
        assert!(more < 100, "no more records for strangers");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let log = rows(&suite.stop().await).await;
    let strangers: Vec<&Row> = log.iter().filter(|row| row.subject.is_none()).collect();
    assert_eq!(told(&strangers), CALLS + more);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attempt_is_in_the_log_before_the_service_answers_and_a_lost_caller_after() {
    let suite = Suite::start().await;
    let token = suite.provider.token("alice", &["PAYOUT"]);
    let mut request = Request::new("hang".to_owned());
    authorize(&mut request, &token);
    let mut grpc = suite.grpc().await;
    let call = tokio::spawn(async move { grpc.unary(request, path("Write"), Codec::default()).await });
    becomes(&suite.seen.calls, 1, "the call reached the service").await;
    let open = rows(&suite.db).await;
    assert_eq!((open.len(), open[0].code.as_deref()), (1, None), "{open:?}");
    call.abort();
    becomes(&suite.seen.dropped, 1, "the service was told that the caller left").await;
    let closed = rows(&suite.stop().await).await;
    assert_eq!(
        (closed[0].code.as_deref(), closed[0].reason.as_deref()),
        (Some("CANCELLED"), Some("CUT_OFF"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_log_nothing_with_effects_happens_and_reads_go_on() {
    let suite = Suite::start().await;
    let token = suite.provider.token("alice", &["VIEWER", "PAYOUT"]);
    suite.call("Write", "hello", &token).await.expect("the log is there");
    let revoke = "REVOKE INSERT ON audit_attempt FROM bursar_gateway_app";
    connect(&suite.db.owner_url).await.batch_execute(revoke).await.expect("the owner may");
    let before = suite.calls();
    let status = suite.call("Write", "hello", &token).await.expect_err("it cannot be recorded");
    let reason = status.get_details_error_info().map(|info| info.reason);
    assert_eq!((status.code(), reason.as_deref()), (Code::Unavailable, Some("AUDIT_UNAVAILABLE")));
    let status = suite.call("Write", "hello", "").await.expect_err("nor can this refusal");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(suite.calls(), before, "a call without a record reached the service");
    suite.call("Read", "hello", &token).await.expect("reads go on");
    let grant = "GRANT INSERT ON audit_attempt TO bursar_gateway_app";
    connect(&suite.db.owner_url).await.batch_execute(grant).await.expect("the owner may");
    suite.call("Write", "hello", &token).await.expect("the log is there again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_written_is_written_later() {
    let suite = Suite::start().await;
    let token = suite.provider.token("alice", &["PAYOUT"]);
    let mut owner = connect(&suite.db.owner_url).await;
    owner
        .batch_execute("REVOKE INSERT ON audit_outcome FROM bursar_gateway_app")
        .await
        .expect("the owner may");
    suite.call("Write", "hello", &token).await.expect("its attempt is recorded");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(rows(&suite.db).await[0].code, None);
    owner.batch_execute("GRANT INSERT ON audit_outcome TO bursar_gateway_app").await.expect("the owner may");
    let rows = rows(&suite.stop().await).await;
    assert_eq!(rows[0].code.as_deref(), Some("OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_have_a_record_each() {
    let suite = Suite::start().await;
    let token = suite.provider.token("alice", &["PAYOUT"]);
    let calls =
        (0..200).map(|number| {
            let (suite, token) = (&suite, &token);
            async move {
                suite.call("Write", &format!("call {number}"), token).await.map(tonic::Response::into_inner)
            }
        });
    for (number, answer) in futures::future::join_all(calls).await.into_iter().enumerate() {
        assert_eq!(answer.expect("it is allowed"), format!("call {number}"));
    }
    let rows = rows(&suite.stop().await).await;
    assert_eq!(rows.len(), 200);
    assert!(rows.iter().all(|row| row.code.as_deref() == Some("OK")));
}
