//! A transaction of somebody else's under the id of an attempt: it is never taken for the attempt's own.

use std::time::{Duration, SystemTime};

use hedera::node::{Network, NodeClient};
use hedera::transfer::{Asset, Signers, TransferPlan, prepare};
use hedera::{AccountId, Ed25519Key, Status};
use proto::execution::v1 as pb;
use serde_json::json;

use crate::doubt::say;
use crate::support::{Bench, PATIENCE, long_windows, reason, until};

/// Moves seven units from the operator, who pays the fees of all runs here, by a transaction that the service did not make.
pub(crate) async fn transfer(bench: &Bench, start_ns: i64, asset: Asset, to: u64, memo: &str) {
    let network = bench.sandbox.network();
    let node: AccountId = network.nodes[0].account_id.to_string().parse().unwrap();
    let url = format!("http://{}", network.nodes[0].address);
    let operator: AccountId = network.operator.account_id.to_string().parse().unwrap();
    let key = Ed25519Key::parse(&network.operator.private_key).unwrap();
    let plan = TransferPlan {
        payer: operator,
        sender: operator,
        asset,
        recipients: &[(format!("0.0.{to}").parse().unwrap(), 7)],
        memo,
        valid_start_ns: start_ns,
        valid_duration_s: 120,
        max_fee_tinybars: 100_000_000,
        nodes: &[node],
    };
    let copies = prepare(&plan, Signers { payer: &key, sender: None }).unwrap();
    let client = NodeClient::new(&Network { nodes: vec![(node, url)] }).unwrap();
    let status = client.submit(node, &copies[0].bytes, PATIENCE).await.unwrap();
    assert_eq!(status, Status::OK);
}

/// A run of two payees whose one attempt has not arrived when somebody else uses its id.
struct Foreign {
    bench: Bench,
    run: String,
    attempt: pb::Attempt,
}

impl Foreign {
    /// The other one moves seven units of `asset` to `to`.
    async fn start(bench: Bench, asset: Asset, to: u64) -> Self {
        let payees: Vec<(u64, u64)> = bench.control.accounts(2).await.into_iter().zip(7..).collect();
        let lost = json!({"kind": "lost_before", "memo_contains": "att_"});
        bench.control.post("/v1/faults", lost).await;
        let header = bench.header(&payees);
        bench.start_run(&header, &payees).await.unwrap();
        let intended = |run: &pb::Run| run.progress.as_ref().unwrap().attempts == 1;
        bench.wait(&header.run_id, "intent", intended).await;
        let mut foreign = Self { bench, run: header.run_id, attempt: pb::Attempt::default() };
        foreign.attempt = foreign.attempts().await.remove(0);
        transfer(&foreign.bench, foreign.attempt.window_start_ns, asset, to, "rent").await;
        foreign
    }

    /// The attempts of the first payout, oldest first.
    async fn attempts(&self) -> Vec<pb::Attempt> {
        self.bench.payout(&self.bench.payouts(&self.run).await[0].id).await.attempts
    }

    /// Waits until the attempt is in doubt, and nothing else became of it meanwhile.
    async fn is_in_doubt(&self) {
        let in_doubt = |run: &pb::Run| {
            let progress = run.progress.as_ref().unwrap();
            let of = |tally: &Option<pb::Tally>| tally.as_ref().unwrap().payouts;
            assert_eq!((of(&progress.paid), of(&progress.failed), progress.attempts), (0, 0, 1), "{run:#?}");
            of(&progress.in_doubt) == 2
        };
        self.bench.wait(&self.run, "doubt", in_doubt).await;
        self.assert_foreign().await;
    }

    /// That the one attempt is in doubt because of the other transaction, and whoever reads it is told so.
    async fn assert_foreign(&self) {
        let [attempt] = self.attempts().await.try_into().unwrap();
        assert_eq!((attempt.state(), &attempt.id), (pb::AttemptState::InDoubt, &self.attempt.id));
        let failures = self.bench.payouts(&self.run).await.into_iter().map(|payout| payout.failure);
        for failure in failures.chain([attempt.failure]) {
            let failure = failure.unwrap();
            assert_eq!(failure.reason, "FOREIGN_TRANSACTION");
            assert!(failure.hint.contains("somebody else"), "{failure:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_did_under_our_id_pays_nobody_of_ours_and_the_payees_are_paid_once_under_another()
{
    let bench = Bench::start().await;
    let landlord = bench.control.accounts(1).await[0];
    let foreign = Foreign::start(bench, Asset::Hbar, landlord).await;
    foreign.is_in_doubt().await;
    let Foreign { bench, run, attempt } = &foreign;
    bench.control.clear_faults().await;
    // Once the window is closed it is also looked for where its absence would show: that gives no other reason.
    let looked_for = Duration::from_nanos(attempt.window_end_ns.cast_unsigned()) + Duration::from_secs(3);
    until("closed window", async || SystemTime::UNIX_EPOCH + looked_for < SystemTime::now()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    foreign.assert_foreign().await;
    for who in ["alice", "bob"] {
        say(bench, attempt, who, pb::DoubtOutcome::Unpaid).await.unwrap();
    }
    assert_eq!(bench.wait_end(run).await.state(), pb::RunState::Completed);
    bench.assert_exactly_once(run).await;
    let [first, second] = foreign.attempts().await.try_into().unwrap();
    assert_eq!((first.state(), second.state()), (pb::AttemptState::Dead, pb::AttemptState::Settled));
    assert_ne!(first.transaction_id, second.transaction_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_for_somebody_else_under_our_id_has_not_failed_for_us() {
    let bench = Bench::with(long_windows()).await;
    let closed = bench.control.closed_account().await;
    let asset = Asset::Token { id: bench.token.parse().unwrap(), decimals: 6 };
    let foreign = Foreign::start(bench, asset, closed).await;
    foreign.is_in_doubt().await;
    // Many looks later too.
    tokio::time::sleep(Duration::from_secs(2)).await;
    foreign.is_in_doubt().await;
    assert_eq!(foreign.bench.control.effects(&foreign.bench.token).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_calls_unpaid_what_the_network_can_still_take() {
    let bench = Bench::with(long_windows()).await;
    let landlord = bench.control.accounts(1).await[0];
    let foreign = Foreign::start(bench, Asset::Hbar, landlord).await;
    foreign.is_in_doubt().await;
    let Foreign { bench, attempt, .. } = &foreign;
    let before = foreign.attempts().await;
    for who in ["alice", "bob"] {
        let refused = say(bench, attempt, who, pb::DoubtOutcome::Unpaid).await.unwrap_err();
        assert_eq!(reason(&refused), "WINDOW_OPEN");
    }
    assert_eq!(foreign.attempts().await, before);
    foreign.is_in_doubt().await;
    // Neither word was kept: one that says otherwise differs from nobody's.
    let heard = say(bench, attempt, "carol", pb::DoubtOutcome::Paid).await.unwrap();
    assert!(heard.awaiting_confirmation && heard.differs_from.is_empty(), "{heard:#?}");
}
