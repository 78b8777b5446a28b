//! Distribution killed at every place between a file's bytes and their distribution: the same upload sent again makes one
//! distribution, whose payees are those of the file, each paid once by the network's own ledger.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use auth::Role;
use bursar_tests::killing::Killing;
use bursar_tests::seen::{execute, is, owed, paid_once, until};
use distribution::failpoints;
use proto::distribution::v1::ingest_file_request::Part;
use proto::distribution::v1::{
    DistributionState, IngestFile, IngestFileRequest, IngestFileState, IngestHeader, IngestMode,
    ListDistributionsRequest, ListIngestErrorsRequest,
};
use serde_json::json;
use test_harness::{Edge, Processes, SandboxControl, Scenario, Terms};
use tokio_postgres::NoTls;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

const ROLES: [Role; 3] = [Role::Payout, Role::PaymentTokenManager, Role::Admin];
const PAYEES: u32 = 20;
const COLUMNS: &str = "reference,recipient,amount,currency,note\n";
const CHUNK_BYTES: usize = 300;

/// A file of payees in a payment token of its own, and what it is sent with.
struct Upload {
    edge: Edge,
    control: SandboxControl,
    scenario: Scenario,
    label: String,
    /// Accounts and what each is to get, in smallest units.
    payees: BTreeMap<String, u128>,
    bytes: Vec<u8>,
}

impl Upload {
    async fn build(processes: &Processes, label: &str) -> Upload {
        let edge = processes.edge("ann", &ROLES).expect("an address");
        let control = processes.control().expect("a sandbox");
        let terms = Terms { holders: 1, ..Terms::default() };
        let scenario = Scenario::build(&edge, &control, terms).await.expect("built");
        let mut payees = BTreeMap::new();
        let mut text = COLUMNS.to_owned();
        for place in 1..=PAYEES {
            let account = control.create_account(&json!({})).await.expect("an account");
            let token = &scenario.payment_token_id;
            writeln!(text, "{label}-{place},{account},{place}.000001,{token},").expect("a string takes it");
            payees.insert(account, u128::from(place) * 1_000_000 + 1);
        }
        Upload { edge, control, scenario, label: label.to_owned(), payees, bytes: text.into_bytes() }
    }

    /// Sends these bytes with this idempotency key.
    async fn send(&self, key: &str, bytes: &[u8]) -> Result<IngestFile, Status> {
        let header = IngestHeader {
            file_name: format!("{}.csv", self.label),
            label: self.label.clone(),
            funding_account_id: self.scenario.funding_account_id.clone(),
            payment_token: self.scenario.payment_token_id.clone(),
            mode: IngestMode::AllOrNothing.into(),
            ..IngestHeader::default()
        };
        let chunks = bytes.chunks(CHUNK_BYTES).map(|chunk| Part::Chunk(chunk.to_vec()));
        let parts = std::iter::once(Part::Header(header)).chain(chunks);
        let messages: Vec<_> = parts.map(|part| IngestFileRequest { part: Some(part) }).collect();
        let mut request = Request::new(tokio_stream::iter(messages));
        request.metadata_mut().insert("idempotency-key", key.parse().expect("ASCII"));
        let answer = self.edge.ingests().ingest_file(request).await?;
        Ok(answer.into_inner().ingest_file.expect("a file"))
    }

    /// That one distribution came of the file, and it has claimed each reference.
    async fn assert_one(&self, processes: &Processes, file: &IngestFile) {
        assert_eq!((file.state(), file.accepted_count), (IngestFileState::Accepted, PAYEES), "{file:?}");
        let request = ListDistributionsRequest { page_size: 1_000, ..ListDistributionsRequest::default() };
        let page = self.edge.distributions().list_distributions(request).await.expect("a page").into_inner();
        let made = page.distributions.into_iter().filter(|found| found.label == self.label);
        assert_eq!(made.map(|found| found.id).collect::<Vec<_>>(), [file.distribution_id.as_str()]);
        assert_eq!(accepted(processes, &self.label).await, (1, PAYEES.into()));
    }

    /// That another file with one of the references is refused for it, and so are these bytes with another key.
    async fn assert_refused_again(&self, when: &str, file: &IngestFile) {
        let newcomer = self.control.create_account(&json!({})).await.expect("an account");
        let known = self.payees.keys().next().expect("there are some");
        let (label, token) = (&self.label, &self.scenario.payment_token_id);
        let lines = format!("{label}-{when},{newcomer},1,{token},\n{label}-7,{known},1,{token},\n");
        let other = format!("{COLUMNS}{lines}");
        let refused = self.send(&format!("{label}-{when}-other"), other.as_bytes()).await.expect("an answer");
        assert_eq!((refused.state(), refused.distribution_id.as_str()), (IngestFileState::Refused, ""));
        let request =
            ListIngestErrorsRequest { ingest_file_id: refused.id, ..ListIngestErrorsRequest::default() };
        let page = self.edge.ingests().list_ingest_errors(request).await.expect("a page").into_inner();
        let errors: Vec<_> = page.errors.iter().map(|error| (error.line, error.reason.as_str())).collect();
        assert_eq!(errors, [(3, "REFERENCE_ALREADY_ACCEPTED")]);
        let same = self.send(&format!("{label}-{when}-same"), &self.bytes).await.expect_err("it stands");
        let info = same.get_details_error_info().expect("a reason");
        assert_eq!(info.reason, "FILE_ALREADY_ACCEPTED");
        assert_eq!(info.metadata["ingest_file_id"], file.id);
    }
}

/// How many files with this label were accepted, and how many references that begin with it.
async fn accepted(processes: &Processes, label: &str) -> (i64, i64) {
    let db = processes.cluster().provision("distribution").await.expect("it is there");
    let (client, connection) = tokio_postgres::connect(&db.owner_url, NoTls).await.expect("connected");
    tokio::spawn(connection);
    let query = "SELECT (SELECT count(*) FROM ingest_file WHERE label = $1 AND distribution_id IS NOT NULL),
                        (SELECT count(*) FROM accepted_reference WHERE starts_with(reference, $1))";
    let row = client.query_one(query, &[&label]).await.expect("counted");
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_place_between_upload_and_decision_a_file_sent_again_is_one_distribution_paid_once() {
    let mut killing = Killing::start("2").await;
    for place in failpoints::FILE {
        let upload = Upload::build(&killing.processes, place).await;
        killing.arm(place).await;
        let died = upload.send(place, &upload.bytes).await.expect_err("it dies of this");
        assert_eq!(died.code(), Code::Unavailable, "{place}: {died:?}");
        killing.reached(place).await;
        let stands = if *place == "ingest.after_commit" { (1, PAYEES.into()) } else { (0, 0) };
        assert_eq!(accepted(&killing.processes, place).await, stands, "{place}");
        let file = upload.send(place, &upload.bytes).await.expect("ingested");
        assert_eq!(upload.send(place, &upload.bytes).await.expect("the same"), file);
        upload.assert_one(&killing.processes, &file).await;
        upload.assert_refused_again("before", &file).await;
        let made = until(&upload.edge, &file.distribution_id, is(DistributionState::Upcoming)).await;
        assert_eq!(owed(&upload.edge, &made.id).await, upload.payees);
        execute(&upload.edge, &made.id).await;
        until(&upload.edge, &made.id, is(DistributionState::Completed)).await;
        upload.assert_refused_again("after", &file).await;
        upload.assert_one(&killing.processes, &file).await;
        let paid = paid_once(&upload.control, &upload.scenario.payment_token_id).await;
        assert_eq!(paid, upload.payees, "{place}");
    }
}

#[test]
fn every_place_of_the_service_is_one_that_a_suite_goes_through() {
    // The other is the schedule suite's.
    assert_eq!(failpoints::ALL, [failpoints::OCCURRENCE, failpoints::FILE]);
}
