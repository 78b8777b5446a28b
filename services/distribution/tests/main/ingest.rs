//! Files of payees: what is accepted, what is refused, and that nothing is accepted twice.

use auth::Role;
use futures::future::join_all;
use futures::stream;
use proto::distribution::v1 as pb;
use proto::distribution::v1::ingest_file_request::Part;
use proto::execution::v1::RunState;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::approval_stage::relabel;
use crate::stage::{Stage, fields, reason};

use pb::DistributionState::{Cancelled, Completed, Upcoming};

const HEADER: &str = "reference,recipient,amount,currency,note";

pub(crate) fn csv(lines: &[&str]) -> Vec<u8> {
    let mut text = format!("{HEADER}\n");
    for line in lines {
        text += line;
        text += "\n";
    }
    text.into_bytes()
}

pub(crate) fn good() -> Vec<u8> {
    csv(&[
        "INV-1,0.0.1001,1.5,0.0.7000,May",
        "INV-2,0.0.1002,2,0.0.7000,",
        "INV-3,0.0.70000,0.000001,0.0.7000,",
    ])
}

impl Stage {
    pub(crate) fn ingest_header(&self) -> pb::IngestHeader {
        pb::IngestHeader {
            file_name: "payees.csv".to_owned(),
            label: "Payees of May".to_owned(),
            funding_account_id: self.world.funding.to_string(),
            payment_token: "0.0.7000".to_owned(),
            mode: pb::IngestMode::AllOrNothing.into(),
            ..pb::IngestHeader::default()
        }
    }

    async fn ingest_with(
        &self,
        key: &str,
        header: pb::IngestHeader,
        bytes: &[u8],
    ) -> Result<pb::IngestFile, Status> {
        let chunks: Vec<Part> = bytes.chunks(7_000).map(|chunk| Part::Chunk(chunk.to_vec())).collect();
        self.send(key, [vec![Part::Header(header)], chunks].concat()).await
    }

    async fn send(&self, key: &str, parts: Vec<Part>) -> Result<pb::IngestFile, Status> {
        let messages = parts.into_iter().map(|part| pb::IngestFileRequest { part: Some(part) });
        let request = self.write(key, stream::iter(messages.collect::<Vec<_>>()));
        let answer = self.ingests().ingest_file(request).await?;
        Ok(answer.into_inner().ingest_file.expect("a file"))
    }

    pub(crate) async fn ingest(&self, key: &str, bytes: &[u8]) -> Result<pb::IngestFile, Status> {
        self.ingest_with(key, self.ingest_header(), bytes).await
    }

    pub(crate) async fn accept_valid(&self, key: &str, bytes: &[u8]) -> Result<pb::IngestFile, Status> {
        let mode = pb::IngestMode::AcceptValid.into();
        self.ingest_with(key, pb::IngestHeader { mode, ..self.ingest_header() }, bytes).await
    }

    /// Lines, columns and reasons, read in pages of two.
    pub(crate) async fn errors(&self, file: &pb::IngestFile) -> Vec<(u32, i32, String)> {
        let mut request = pb::ListIngestErrorsRequest {
            ingest_file_id: file.id.clone(),
            page_size: 2,
            page_token: String::new(),
        };
        let mut found = Vec::new();
        loop {
            let page = self.ingests().list_ingest_errors(self.read(request.clone())).await.expect("a page");
            let page = page.into_inner();
            found.extend(page.errors.into_iter().map(|error| (error.line, error.column, error.reason)));
            if page.next_page_token.is_empty() {
                return found;
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn files(&self, request: pb::ListIngestFilesRequest) -> Vec<String> {
        let answer = self.ingests().list_ingest_files(self.read(request)).await.expect("a list");
        answer.into_inner().ingest_files.into_iter().map(|file| file.id).collect()
    }
}

fn earlier(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.and_then(|info| info.metadata.get("ingest_file_id").cloned()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_file_becomes_a_list_that_is_paid_only_when_somebody_executes_it() {
    let stage = Stage::new().await;
    stage.rich();
    let file = stage.ingest("i", &good()).await.expect("ingested");
    assert_eq!(
        (file.state(), file.accepted_count, file.refused_count),
        (pb::IngestFileState::Accepted, 3, 0)
    );
    assert_eq!(file.accepted_amount.expect("a sum").units, "3500001");
    let digest = sha256(&good());
    assert_eq!(file.digest, digest);
    let listed = stage.until(&file.distribution_id, Upcoming).await;
    assert_eq!(
        (listed.kind(), listed.label.as_str(), listed.execute_now),
        (pb::DistributionKind::List, "Payees of May", false)
    );
    let owed = [("0.0.1001", 1_500_000), ("0.0.1002", 2_000_000), ("0.0.70000", 1)];
    assert_eq!(stage.owed(&listed.id).await, owed.map(|(account, units)| (account.to_owned(), units)));
    let said = stage.entitlements(&listed.id).await.into_iter().map(|one| (one.reference, one.note));
    let lines = [("INV-1", "May"), ("INV-2", ""), ("INV-3", "")];
    assert_eq!(said.collect::<Vec<_>>(), lines.map(|(line, note)| (line.to_owned(), note.to_owned())));
    assert!(stage.world.facts().runs.is_empty(), "nothing is paid before it is executed");
    stage.execute("e", &listed.id).await.expect("executed");
    stage.until(&listed.id, Completed).await;
    assert_eq!(stage.world.facts().runs[&listed.run_id].header.total_units, "3500001");
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_bad_line_is_refused_whole_or_in_part_as_was_asked_and_stays_listed_with_its_errors() {
    let stage = Stage::new().await;
    let lines = csv(&[
        "INV-1,0.0.1001,1.5,0.0.7000,",
        "INV-2,ada@example,2,0.0.7000,",
        "INV-3,0.0.1003,=1,EUR,",
        "INV-1,0.0.1004,1,0.0.7000,",
        "INV-5,0.0.1001,1,0.0.7000,",
        "INV-1,0.0.1001,1,0.0.7000,",
    ]);
    let expected = [
        (3, 2, "RECIPIENT_MALFORMED"),
        (4, 3, "FORMULA"),
        (4, 4, "NOT_THE_PAYMENT_TOKEN"),
        (5, 1, "DUPLICATE_REFERENCE"),
        (6, 2, "DUPLICATE_RECIPIENT"),
        (7, 1, "DUPLICATE_REFERENCE"),
        (7, 2, "DUPLICATE_RECIPIENT"),
    ];
    let expected: Vec<_> = expected.map(|(line, column, reason)| (line, column, reason.to_owned())).into();
    let refused = stage.ingest("1", &lines).await.expect("an answer");
    assert_eq!((refused.state(), refused.distribution_id.as_str()), (pb::IngestFileState::Refused, ""));
    assert_eq!((refused.accepted_count, refused.refused_count, refused.error_count), (0, 5, 7));
    assert_eq!(stage.errors(&refused).await, expected);

    let part = stage.accept_valid("2", &lines).await.expect("an answer");
    assert_eq!(
        (part.state(), part.accepted_count, part.refused_count),
        (pb::IngestFileState::Accepted, 1, 5)
    );
    assert_eq!(stage.errors(&part).await, expected);
    assert_eq!(
        stage.until(&part.distribution_id, Upcoming).await.entitlements.expect("numbers").payee_count,
        1
    );

    let clean = stage.ingest("3", &csv(&["INV-9,0.0.1009,1,0.0.7000,"])).await.expect("an answer");
    let nothing = stage.accept_valid("4", &csv(&["x,y,z,w,"])).await.expect("an answer");
    assert_eq!(nothing.state(), pb::IngestFileState::Refused, "nothing is valid");
    let all = stage.files(pb::ListIngestFilesRequest::default()).await;
    assert_eq!(all, [&nothing, &clean, &part, &refused].map(|file| file.id.clone()));
    let with_errors = pb::ListIngestFilesRequest { only_with_errors: true, ..Default::default() };
    assert_eq!(
        stage.files(with_errors.clone()).await,
        [&nothing, &part, &refused].map(|file| file.id.clone())
    );
    let since = pb::ListIngestFilesRequest { created_from: part.create_time, ..with_errors.clone() };
    assert_eq!(stage.files(since).await, [&nothing, &part].map(|file| file.id.clone()));
    let before = pb::ListIngestFilesRequest { created_before: part.create_time, ..with_errors };
    assert_eq!(stage.files(before).await, [refused.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_file_refuses_all_of_it_in_either_mode() {
    let stage = Stage::new().await;
    let wrong_header = good().split_off(1);
    let latin = [good(), b"INV-4,0.0.1004,1,0.0.7000,Z\xfcrich\n".to_vec()].concat();
    for (key, bytes, line, reason) in [
        ("1", wrong_header, 1, "HEADER_MISMATCH"),
        ("2", latin, 5, "NOT_UTF_8"),
        ("3", Vec::new(), 1, "EMPTY_FILE"),
        ("4", csv(&[]), 1, "NO_LINES"),
    ] {
        let file = stage.accept_valid(key, &bytes).await.expect("an answer");
        assert_eq!((file.state(), file.accepted_count), (pb::IngestFileState::Refused, 0), "{reason}");
        assert_eq!(stage.errors(&file).await, [(line, 0, reason.to_owned())]);
        assert_eq!(file.digest, sha256(&bytes));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_under_the_same_key_get_the_first_answer_and_other_bytes_are_refused() {
    let stage = Stage::new().await;
    let first = stage.ingest("i", &good()).await.expect("ingested");
    assert_eq!(stage.ingest("i", &good()).await.expect("the first answer"), first);
    let other = stage.ingest("i", &csv(&["INV-7,0.0.1007,1,0.0.7000,"])).await.expect_err("another file");
    assert_eq!((other.code(), reason(&other).as_str()), (Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED"));
    let header = pb::IngestHeader { label: "Other".to_owned(), ..stage.ingest_header() };
    let other = stage.ingest_with("i", header, &good()).await.expect_err("another header");
    assert_eq!(reason(&other), "IDEMPOTENCY_KEY_REUSED");

    let again = stage.ingest("j", &good()).await.expect_err("it was accepted");
    assert_eq!((again.code(), reason(&again).as_str()), (Code::AlreadyExists, "FILE_ALREADY_ACCEPTED"));
    assert_eq!(earlier(&again), first.id);
    let refused = csv(&["x,y,z,w,"]);
    for key in ["k", "l"] {
        let file = stage.ingest(key, &refused).await.expect("what was refused may come again");
        assert_eq!(file.state(), pb::IngestFileState::Refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_race_are_accepted_once_and_so_is_each_reference() {
    let stage = Stage::new().await;
    let bytes = good();
    let keys: Vec<String> = (0..4).map(|number| format!("same{number}")).collect();
    let answers = join_all(keys.iter().map(|key| stage.ingest(key, &bytes))).await;
    let accepted: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(accepted.len(), 1, "{answers:?}");
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(
            (reason(refused).as_str(), earlier(refused)),
            ("FILE_ALREADY_ACCEPTED", accepted[0].id.clone())
        );
    }
    // Under one key they are one call.
    let bytes = csv(&["ONE,0.0.1001,1,0.0.7000,"]);
    let answers = join_all((0..4).map(|_| stage.ingest("one", &bytes))).await;
    let first = answers[0].as_ref().expect("an answer").clone();
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|file| *file == first)), "{answers:?}");

    // Different files with the same references.
    let files: Vec<Vec<u8>> = (0..4)
        .map(|number| {
            csv(&[
                "R-1,0.0.1001,1,0.0.7000,",
                "R-2,0.0.1002,1,0.0.7000,",
                &format!("OWN-{number},0.0.1003,1,0.0.7000,"),
            ])
        })
        .collect();
    let keys: Vec<String> = (0..4).map(|number| format!("other{number}")).collect();
    let sent = keys.iter().zip(&files).map(|(key, bytes)| stage.accept_valid(key, bytes));
    let answers = join_all(sent).await;
    let mut counts: Vec<u32> =
        answers.iter().map(|answer| answer.as_ref().expect("an answer").accepted_count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_was_accepted_comes_again_only_when_a_cancel_left_it_unpaid() {
    let stage = Stage::new().await;
    stage.rich();
    let first = stage.ingest("1", &good()).await.expect("ingested");
    let more = csv(&["INV-2,0.0.1002,2,0.0.7000,", "INV-8,0.0.1008,1,0.0.7000,"]);
    let refused = stage.ingest("2", &more).await.expect("an answer");
    assert_eq!(stage.errors(&refused).await, [(2, 1, "REFERENCE_ALREADY_ACCEPTED".to_owned())]);

    // Nothing was sent: the file itself may come again.
    stage.until(&first.distribution_id, Upcoming).await;
    assert_eq!(stage.cancel("c1", &first.distribution_id).await.expect("cancelled").state(), Cancelled);
    let second = stage.ingest("3", &good()).await.expect("it may come again");

    // Its first payee is paid when the run is cancelled.
    stage.until(&second.distribution_id, Upcoming).await;
    (stage.world.facts().run_state, stage.world.facts().paid_when_cancelled) =
        (RunState::Running, [0].into());
    stage.execute("e", &second.distribution_id).await.expect("executed");
    until_handed(&stage).await;
    stage.cancel("c2", &second.distribution_id).await.expect("cancelled");
    stage.until(&second.distribution_id, Cancelled).await;
    // Who is unpaid comes in another file, and not by a rerun too.
    let old = second.distribution_id.clone();
    let rerun = pb::RerunDistributionRequest { distribution_id: old, ..Default::default() };
    let twice = stage.rerun("r", rerun).await.expect_err("its references were given back");
    assert_eq!(reason(&twice), "NOTHING_TO_RERUN");
    let again = stage.ingest("4", &good()).await.expect_err("some of it is paid");
    assert_eq!(reason(&again), "FILE_ALREADY_ACCEPTED");
    let all =
        csv(&["INV-1,0.0.1001,1.5,0.0.7000,", "INV-2,0.0.1002,2,0.0.7000,", "INV-3,0.0.1003,1,0.0.7000,"]);
    let rest = stage.accept_valid("5", &all).await.expect("an answer");
    assert_eq!(rest.accepted_count, 2);
    assert_eq!(stage.errors(&rest).await, [(2, 1, "REFERENCE_ALREADY_ACCEPTED".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cancel_gives_back_goes_by_the_terms_in_force() {
    let stage = Stage::new().await;
    stage.rich();
    let file = stage.ingest("1", &good()).await.expect("ingested");
    let first = stage.until(&file.distribution_id, Upcoming).await;
    let change = pb::UpdateDistributionRequest { batch_size: Some(9), ..relabel(&first, "Another") };
    stage.modify("bo", change).await.expect("changed");
    stage.until(&first.id, Upcoming).await;
    // By the former terms the places were others, as when another funding account is among the payees.
    let former = "SELECT calculation_id FROM calculation WHERE terms_version = 1";
    let swap = format!("UPDATE entitlement SET ordinal = 2 - ordinal WHERE calculation_id IN ({former})");
    stage.as_owner(&swap).await;
    (stage.world.facts().run_state, stage.world.facts().paid_when_cancelled) =
        (RunState::Running, [0].into());
    stage.execute("e", &first.id).await.expect("executed");
    until_handed(&stage).await;
    stage.cancel("c", &first.id).await.expect("cancelled");
    stage.until(&first.id, Cancelled).await;
    let all =
        csv(&["INV-1,0.0.1001,1.5,0.0.7000,", "INV-2,0.0.1002,2,0.0.7000,", "INV-3,0.0.1003,1,0.0.7000,"]);
    let rest = stage.accept_valid("2", &all).await.expect("an answer");
    assert_eq!((rest.accepted_count, rest.refused_count), (2, 1));
    assert_eq!(stage.errors(&rest).await, [(2, 1, "REFERENCE_ALREADY_ACCEPTED".to_owned())]);
}

/// Until execution has a run.
async fn until_handed(stage: &Stage) {
    for _ in 0..600 {
        if !stage.world.facts().runs.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nothing was handed over");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_resolved_by_execution_and_those_of_nobody_refused() {
    let stage = Stage::new().await;
    let prefix = "0xabcdef0123456789abcdef0123456789abcdef";
    let mut lines: Vec<String> =
        (0..600_u32).map(|number| format!("A-{number},0.0.{},1,0.0.7000,", 5_000 + number)).collect();
    lines.push(format!("X-1,{prefix}10,1,0.0.7000,"));
    lines.push(format!("X-2,{prefix}11,1,0.0.7000,"));
    // The same account by its address, by its number in an address, and by its number.
    lines.push(format!("X-3,{},1,0.0.7000,", prefix.to_uppercase().replace("0X", "0x") + "10"));
    lines.push("X-4,0x0000000000000000000000000000000000000010,1,0.0.7000,".to_owned());
    lines.push("X-5,0.0.16,1,0.0.7000,".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let file = stage.accept_valid("i", &csv(&lines)).await.expect("an answer");
    assert_eq!((file.accepted_count, file.refused_count), (601, 4));
    let expected = [
        (603, "ACCOUNT_NOT_FOUND"),
        (604, "DUPLICATE_RECIPIENT"),
        (605, "DUPLICATE_RECIPIENT"),
        (606, "DUPLICATE_RECIPIENT"),
    ];
    assert_eq!(stage.errors(&file).await, expected.map(|(line, reason)| (line, 2, reason.to_owned())));
    assert_eq!(stage.world.facts().addresses_asked, 3, "accounts are not asked about");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_header_gets_every_violation_and_nothing_is_stored() {
    let stage = Stage::new().await;
    let bad = pb::IngestHeader { batch_size: 2_000, ..pb::IngestHeader::default() };
    let refused = stage.ingest_with("1", bad, &good()).await.expect_err("nothing fits");
    let names: Vec<String> = fields(&refused).into_iter().map(|(field, _)| field).collect();
    let expected = ["file_name", "label", "funding_account_id", "payment_token", "mode", "batch_size"];
    assert_eq!(names, expected.map(|field| format!("header.{field}")));

    let refused = stage.send("2", vec![Part::Chunk(good())]).await.expect_err("no header");
    assert_eq!(fields(&refused), [("header".to_owned(), "REQUIRED".to_owned())]);
    let twice = vec![Part::Header(stage.ingest_header()), Part::Header(stage.ingest_header())];
    let refused = stage.send("3", twice).await.expect_err("two headers");
    assert_eq!(fields(&refused), [("chunk".to_owned(), "REQUIRED".to_owned())]);
    let big = vec![Part::Header(stage.ingest_header()), Part::Chunk(vec![b'x'; 1024 * 1024 + 1])];
    let refused = stage.send("4", big).await.expect_err("a chunk that is too large");
    assert_eq!(fields(&refused), [("chunk".to_owned(), "OUT_OF_RANGE".to_owned())]);

    let token = pb::IngestHeader { payment_token: "0.0.9999".to_owned(), ..stage.ingest_header() };
    let refused = stage.ingest_with("5", token, &good()).await.expect_err("not accepted");
    assert_eq!(reason(&refused), "PAYMENT_TOKEN_NOT_ACCEPTED");
    let nowhere = ids::FundingAccountId::new(&ids::SystemIds).to_string();
    let funding = pb::IngestHeader { funding_account_id: nowhere, ..stage.ingest_header() };
    let refused = stage.ingest_with("6", funding, &good()).await.expect_err("unknown");
    assert_eq!(reason(&refused), "FUNDING_ACCOUNT_NOT_FOUND");
    assert!(stage.files(pb::ListIngestFilesRequest::default()).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_payout_sends_files_and_what_is_wrong_never_repeats_what_stands_in_them() {
    let stage = Stage::new().await;
    let message = pb::IngestFileRequest { part: Some(Part::Header(stage.ingest_header())) };
    let request = stage.write_as(Role::Cashout, "r", stream::iter([message]));
    let denied = stage.ingests().ingest_file(request).await.expect_err("another role");
    assert_eq!(denied.code(), Code::PermissionDenied);

    let canary = csv(&["canary,Canary <canary@example.org>,canary,canary,=canary"]);
    let file = stage.ingest("1", &canary).await.expect("an answer");
    let request = pb::ListIngestErrorsRequest { ingest_file_id: file.id, ..Default::default() };
    let errors = stage.ingests().list_ingest_errors(stage.read(request)).await.expect("a list").into_inner();
    assert!(!errors.errors.is_empty() && !format!("{errors:?}").contains("anary"), "{errors:?}");
}
