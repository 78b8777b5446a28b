//! Lists of runs: newest first, by distribution and by state, page by page.

use std::collections::BTreeMap;

use ids::{DistributionId, IdSource as _, SystemIds};
use proto::execution::v1 as pb;
use serde_json::json;
use tonic::{Code, Status};

use crate::pause;
use crate::support::{Bench, long_windows, reason};

async fn page(bench: &Bench, message: &pb::ListRunsRequest) -> Result<pb::ListRunsResponse, Status> {
    bench.client().list_runs(bench.request(message.clone())).await.map(tonic::Response::into_inner)
}

/// The ids on a page.
fn ids(page: &pb::ListRunsResponse) -> Vec<String> {
    page.runs.iter().map(|run| run.id.clone()).collect()
}

/// All ids of a list, `size` a page; no page but the last has fewer.
async fn all(bench: &Bench, message: &pb::ListRunsRequest, size: i32) -> Vec<String> {
    let mut message = pb::ListRunsRequest { page_size: size, ..message.clone() };
    let mut all = Vec::new();
    loop {
        let page = page(bench, &message).await.unwrap();
        let new = ids(&page);
        assert!(!new.iter().any(|id| all.contains(id)), "a page shows what one before it has shown");
        all.extend(new);
        if page.next_page_token.is_empty() {
            return all;
        }
        assert_eq!(page.runs.len(), usize::try_from(size).unwrap());
        message.page_token = page.next_page_token;
    }
}

fn distribution() -> String {
    DistributionId::from_uuid(SystemIds.uuid()).to_string()
}

fn of(distribution: &str) -> pb::ListRunsRequest {
    pb::ListRunsRequest { distribution_id: distribution.to_owned(), ..pb::ListRunsRequest::default() }
}

fn in_state(state: pb::RunState) -> pb::ListRunsRequest {
    pb::ListRunsRequest { state: state.into(), ..pb::ListRunsRequest::default() }
}

/// Starts a run of one payee.
async fn start(bench: &Bench, distribution: &str, to: u64) -> String {
    let payees = [(to, 7)];
    let header = pb::RunHeader { distribution_id: distribution.to_owned(), ..bench.header(&payees) };
    bench.start_run(&header, &payees).await.unwrap();
    header.run_id
}

/// Runs of two distributions, one after another, one in each state; they stay so for as long as a test takes.
struct Runs {
    bench: Bench,
    distributions: [String; 2],
    by_state: BTreeMap<pb::RunState, String>,
    /// Newest first.
    all: Vec<String>,
}

impl Runs {
    async fn start() -> Self {
        let bench = Bench::with(long_windows()).await;
        let distributions = [distribution(), distribution()];
        let mut runs = Self { bench, distributions, by_state: BTreeMap::new(), all: Vec::new() };
        runs.ended().await;
        runs.not_ended().await;
        runs
    }

    /// Two of the first distribution, and one of the second.
    async fn ended(&mut self) {
        let [one, other] = self.distributions.clone();
        let payees = self.bench.control.accounts(2).await;
        let paid = start(&self.bench, &one, payees[0]).await;
        self.reaches(&paid, pb::RunState::Completed).await;
        let closed = self.bench.control.closed_account().await;
        let failed = start(&self.bench, &one, closed).await;
        self.reaches(&failed, pb::RunState::Failed).await;
        pause::pause(&self.bench, pb::pause_request::Scope::Everything(()), "all").await.unwrap();
        let cancelled = start(&self.bench, &other, payees[1]).await;
        self.bench.begin_cancel(&cancelled).await;
        self.reaches(&cancelled, pb::RunState::Cancelled).await;
        pause::resume(&self.bench, pb::resume_request::Scope::Everything(()), "none").await;
    }

    /// Two of each: one that its token holds up, and three whose transactions do not arrive.
    async fn not_ended(&mut self) {
        let [one, other] = self.distributions.clone();
        let payees = self.bench.control.accounts(4).await;
        let token = format!("/v1/tokens/{}", self.bench.token);
        self.bench.control.patch(&token, json!({"paused": true})).await;
        let halted = start(&self.bench, &other, payees[0]).await;
        self.reaches(&halted, pb::RunState::Halted).await;
        self.bench.control.post("/v1/faults", json!({"kind": "lost_before"})).await;
        let mut begun = Vec::new();
        for (distribution, to) in [(&one, payees[1]), (&other, payees[2]), (&one, payees[3])] {
            let id = start(&self.bench, distribution, to).await;
            self.bench.wait(&id, "intent", |run| run.progress.as_ref().unwrap().attempts == 1).await;
            begun.push(id);
        }
        self.bench.begin_cancel(&begun[1]).await;
        pause::pause(&self.bench, pause::of_run(&begun[2]), "one").await.unwrap();
        let states = [pb::RunState::Running, pb::RunState::Cancelling, pb::RunState::Paused];
        for (id, state) in begun.iter().zip(states) {
            self.reaches(id, state).await;
        }
    }

    async fn reaches(&mut self, id: &str, state: pb::RunState) {
        self.bench.wait(id, state.as_str_name(), |run| run.state() == state).await;
        self.by_state.insert(state, id.to_owned());
        self.all.insert(0, id.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_runs_shows_those_of_a_distribution_and_in_a_state_newest_first() {
    let Runs { bench, distributions: [one, other], by_state, all: newest_first } = Runs::start().await;
    assert_eq!(by_state.len(), 7, "one in each state");
    let mut of_one = Vec::new();
    for id in &newest_first {
        if bench.run(id).await.distribution_id == one {
            of_one.push(id.clone());
        }
    }
    let of_other: Vec<String> = newest_first.iter().filter(|id| !of_one.contains(id)).cloned().collect();
    assert_eq!((of_one.len(), of_other.len()), (4, 3));
    assert_eq!(all(&bench, &pb::ListRunsRequest::default(), 0).await, newest_first);
    assert_eq!(all(&bench, &of(&one), 0).await, of_one);
    assert_eq!(all(&bench, &of(&other), 0).await, of_other);
    assert_eq!(all(&bench, &of(&distribution()), 0).await, Vec::<String>::new());
    for (state, expected) in &by_state {
        assert_eq!(all(&bench, &in_state(*state), 0).await, std::slice::from_ref(expected), "{state:?}");
        for (distribution, members) in [(&one, &of_one), (&other, &of_other)] {
            let both = pb::ListRunsRequest { state: (*state).into(), ..of(distribution) };
            let expected: Vec<String> = members.iter().filter(|id| *id == expected).cloned().collect();
            assert_eq!(all(&bench, &both, 0).await, expected, "{state:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_runs_make_up_the_list_and_a_token_goes_with_its_own_query() {
    let bench = Bench::start().await;
    let (one, other) = (distribution(), distribution());
    let mut newest_first = Vec::new();
    for (place, to) in (0..).zip(bench.control.accounts(5).await) {
        let id = start(&bench, if place % 2 == 0 { &one } else { &other }, to).await;
        assert_eq!(bench.wait_end(&id).await.state(), pb::RunState::Completed);
        newest_first.insert(0, id);
    }
    let of_one: Vec<String> = newest_first.iter().step_by(2).cloned().collect();
    for size in 1..=5 {
        assert_eq!(all(&bench, &pb::ListRunsRequest::default(), size).await, newest_first, "{size} a page");
        assert_eq!(all(&bench, &of(&one), size).await, of_one, "{size} a page");
        assert_eq!(all(&bench, &in_state(pb::RunState::Completed), size).await, newest_first);
    }

    // A run that comes meanwhile is on none of the pages that follow; they may be of another size.
    let first = page(&bench, &pb::ListRunsRequest { page_size: 2, ..of(&one) }).await.unwrap();
    assert_eq!(ids(&first), of_one[..2]);
    let newer = start(&bench, &one, bench.control.accounts(1).await[0]).await;
    let next = pb::ListRunsRequest { page_token: first.next_page_token.clone(), page_size: 9, ..of(&one) };
    let rest = page(&bench, &next).await.unwrap();
    assert_eq!((ids(&rest), rest.next_page_token.as_str()), (of_one[2..].to_vec(), ""));
    assert_eq!(ids(&page(&bench, &of(&one)).await.unwrap())[0], newer);

    let refused = async |message: pb::ListRunsRequest| {
        let status = page(&bench, &message).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{message:?}");
        reason(&status)
    };
    let token = &first.next_page_token;
    for query in [
        pb::ListRunsRequest::default(),
        of(&other),
        in_state(pb::RunState::Completed),
        pb::ListRunsRequest { state: pb::RunState::Completed.into(), ..of(&one) },
    ] {
        let of_another = pb::ListRunsRequest { page_token: token.clone(), ..query };
        assert_eq!(refused(of_another).await, "PAGE_TOKEN_MISMATCH");
    }
    assert_eq!(
        refused(pb::ListRunsRequest { page_token: "x".to_owned(), ..of(&one) }).await,
        "PAGE_TOKEN_INVALID"
    );
    refused(of("dst_x")).await;
    refused(pb::ListRunsRequest { state: 99, ..pb::ListRunsRequest::default() }).await;
    refused(pb::ListRunsRequest { page_size: -1, ..pb::ListRunsRequest::default() }).await;
}
