//! Uploads that stay open, break off, are cleared away, or come all at once.

use std::time::Duration;

use diesel::sql_query;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use proto::distribution::v1 as pb;
use proto::distribution::v1::ingest_file_request::Part;
use tokio::sync::mpsc;
use tonic::{Code, Status};

use crate::ingest::{csv, good};
use crate::stage::{Stage, reason};

/// As many as are read at the same time.
const PLACES: usize = 4;

/// An upload under way: what is sent goes into the call, which answers when this is dropped.
struct Upload {
    parts: mpsc::Sender<Part>,
    call: tokio::task::JoinHandle<Result<pb::IngestFile, Status>>,
}

impl Stage {
    async fn begin_upload(&self, key: &str) -> Upload {
        let (parts, mut sent) = mpsc::channel(4);
        let messages = futures::stream::poll_fn(move |cx| sent.poll_recv(cx));
        let messages = futures::StreamExt::map(messages, |part| pb::IngestFileRequest { part: Some(part) });
        let request = self.write(key, messages);
        let mut client = self.ingests();
        let call = tokio::spawn(async move {
            let answer = client.ingest_file(request).await?;
            Ok(answer.into_inner().ingest_file.expect("a file"))
        });
        parts.send(Part::Header(self.ingest_header())).await.expect("the call is there");
        Upload { parts, call }
    }

    /// How many uploads, and lines of them, the database has.
    async fn kept(&self) -> (i64, i64) {
        #[derive(diesel::QueryableByName)]
        struct Kept {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            uploads: i64,
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            lines: i64,
        }
        let mut conn = AsyncPgConnection::establish(&self.db.url).await.expect("a connection");
        let kept: Kept = sql_query(
            "SELECT (SELECT count(*) FROM ingest_upload) AS uploads, (SELECT count(*) FROM ingest_line) AS lines",
        )
        .get_result(&mut conn)
        .await
        .expect("read");
        (kept.uploads, kept.lines)
    }

    async fn until_kept(&self, uploads: i64, lines: i64) {
        for _ in 0..500 {
            if self.kept().await == (uploads, lines) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?} is kept, not {:?}", self.kept().await, (uploads, lines));
    }

    /// Runs a statement that the service itself may not.
    pub(crate) async fn as_owner(&self, statement: &str) {
        let mut conn = AsyncPgConnection::establish(&self.db.owner_url).await.expect("a connection");
        sql_query(statement).execute(&mut conn).await.expect("done");
    }
}

/// More lines than are held in memory before they are stored.
fn many() -> Vec<u8> {
    let lines: Vec<String> =
        (0..6_000).map(|place| format!("R-{place},0.0.{},1,0.0.7000,", 10_000 + place)).collect();
    csv(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test(flavor = "multi_thread")]
async fn more_files_at_once_than_are_read_are_told_to_come_again_and_then_can() {
    let stage = Stage::new().await;
    stage.rich();
    let mut open = Vec::new();
    for place in 0..PLACES {
        open.push(stage.begin_upload(&format!("open-{place}")).await);
    }
    stage.until_kept(i64::try_from(PLACES).expect("a few"), 0).await;
    let busy = stage.ingest("late", &good()).await.expect_err("no place is left");
    assert_eq!((busy.code(), reason(&busy).as_str()), (Code::Unavailable, "INGEST_BUSY"));
    let upload = open.pop().expect("one is open");
    drop(upload.parts);
    let empty = upload.call.await.expect("it ran").expect("a file without a header is a refused file");
    assert_eq!(empty.state(), pb::IngestFileState::Refused);
    stage.ingest("late", &good()).await.expect("there is a place, and the key is as good as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing_and_can_come_again() {
    let stage = Stage::new().await;
    stage.rich();
    let upload = stage.begin_upload("broken").await;
    let bytes = many();
    upload.parts.send(Part::Chunk(bytes[..bytes.len() - 10].to_vec())).await.expect("the call is there");
    stage.until_kept(1, 6_000 - 1).await;
    upload.call.abort();
    stage.until_kept(0, 0).await;
    let list = stage.ingests().list_ingest_files(stage.read(pb::ListIngestFilesRequest::default())).await;
    assert!(list.expect("a list").into_inner().ingest_files.is_empty(), "nothing was decided");
    let file = stage.ingest("broken", &bytes).await.expect("the same key with all of it");
    assert_eq!(file.accepted_count, 6_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_upload_left_goes_with_a_later_one_and_what_is_under_way_stays() {
    let stage = Stage::new().await;
    stage.rich();
    let dead = "00000000-0000-0000-0000-0000000000aa";
    stage
        .as_owner(&format!("INSERT INTO ingest_upload VALUES ('{dead}', now() - interval '61 minutes')"))
        .await;
    stage.as_owner(&format!("INSERT INTO ingest_line VALUES ('{dead}', 2, 1001, 5, 'R', '')")).await;
    let open = stage.begin_upload("open").await;
    stage.until_kept(1, 0).await;
    stage.ingest("other", &good()).await.expect("ingested");
    assert_eq!(stage.kept().await, (1, 0), "the open one is there still");
    drop(open.parts);
    open.call.await.expect("it ran").expect("answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_taken_for_dead_is_refused_whole_and_never_accepted_in_part() {
    let stage = Stage::new().await;
    stage.rich();
    let upload = stage.begin_upload("slow").await;
    let bytes = many();
    let (first, rest) = bytes.split_at(bytes.len() - 500);
    upload.parts.send(Part::Chunk(first.to_vec())).await.expect("the call is there");
    for _ in 0..500 {
        if stage.kept().await.1 >= 5_000 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.as_owner("UPDATE ingest_upload SET begun_at = now() - interval '61 minutes'").await;
    stage.ingest("other", &good()).await.expect("it clears away what looks dead");
    upload.parts.send(Part::Chunk(rest.to_vec())).await.expect("the call is there");
    drop(upload.parts);
    let refused = upload.call.await.expect("it ran").expect_err("lines of it are gone");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Aborted, "UPLOAD_BROKEN"));
    assert_eq!(stage.kept().await, (0, 0));
    let file = stage.ingest("slow", &bytes).await.expect("all of it, in time");
    assert_eq!(file.accepted_count, 6_000);
}
