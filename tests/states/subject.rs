//! A distribution under test: what people do to it through the gateway, and what is seen of it there and on the ledger.

use bursar_tests::rig::checker::{self, Evidence, Instruction, Violation};
use bursar_tests::rig::{Ledger, record};
use proto::asset::v1::{PauseAssetRequest, UnpauseAssetRequest};
use proto::distribution::v1::{
    CancelDistributionRequest, Distribution, DistributionState, ExecuteDistributionRequest,
    GetDistributionRequest, ListEntitlementsRequest, RetryDistributionRequest,
};
use proto::execution::v1::{
    GetRunRequest, PauseRequest, Payout, ResumeRequest, Run, StreamPayoutsRequest, pause_request,
    resume_request,
};
use serde_json::json;
use test_harness::{Edge, Harness, SandboxControl, Scenario, Terms};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::model::{Act, Answer};

/// What is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Run,
    Asset,
    Everything,
}

/// One distribution in a world of its own: no other is paid in its payment token.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    edge: Edge,
    control: SandboxControl,
    ledger: Ledger,
    operator: String,
    scenario: Scenario,
    /// "dst_…".
    pub(crate) id: String,
    run: String,
    /// Who is owed what, in the order of the run.
    pub(crate) instructions: Vec<Instruction>,
}

impl Subject {
    /// A distribution that is calculated and not executed.
    pub(crate) async fn new(harness: &Harness, edge: &Edge, terms: Terms) -> Self {
        let control = harness.control().expect("a sandbox");
        let scenario = Scenario::build(edge, &control, terms).await.expect("built");
        let distribution = scenario.create(edge).await.expect("calculated");
        assert_eq!(distribution.state(), DistributionState::Upcoming);
        let url = harness.suite().addresses().sandbox_control.clone().expect("a sandbox");
        let mut subject = Self {
            edge: edge.clone(),
            operator: control.network().await.expect("a network").operator.account_id,
            control,
            ledger: Ledger::new(&url).expect("a client"),
            scenario,
            id: distribution.id,
            run: distribution.run_id,
            instructions: Vec::new(),
        };
        subject.instructions = subject.entitlements().await;
        subject
    }

    async fn entitlements(&self) -> Vec<Instruction> {
        let mut request = ListEntitlementsRequest {
            distribution_id: self.id.clone(),
            page_size: 1_000,
            ..ListEntitlementsRequest::default()
        };
        let mut owed = Vec::new();
        loop {
            let answer = self.edge.distributions().list_entitlements(request.clone()).await;
            let page = answer.expect("a page").into_inner();
            owed.extend(page.entitlements.into_iter().filter_map(|one| {
                let units = one.units.parse().expect("digits");
                one.ordinal.map(|ordinal| (ordinal, Instruction { account: one.account, units }))
            }));
            if page.next_page_token.is_empty() {
                owed.sort_by_key(|(ordinal, _)| *ordinal);
                return owed.into_iter().map(|(_, instruction)| instruction).collect();
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Lets an account receive the payment token, or not.
    pub(crate) async fn freeze(&self, account: &str, frozen: bool) {
        let patch = json!({ "frozen": frozen });
        let token = &self.scenario.payment_token_id;
        self.control.relate(token, account, &patch).await.expect("an account");
    }

    /// What the service answers to a person's act.
    pub(crate) async fn act(&self, act: Act) -> Answer {
        let distribution_id = self.id.clone();
        let mut service = self.edge.distributions();
        let answer = match act {
            Act::Execute => {
                let request = ExecuteDistributionRequest { distribution_id };
                service.execute_distribution(request).await.map(drop)
            }
            Act::Retry => {
                let request =
                    RetryDistributionRequest { distribution_id, ..RetryDistributionRequest::default() };
                service.retry_distribution(request).await.map(drop)
            }
            Act::Cancel => {
                let request = CancelDistributionRequest { distribution_id, reason: "a test".to_owned() };
                service.cancel_distribution(request).await.map(drop)
            }
        };
        match answer {
            Ok(()) => Answer::Done,
            Err(status) => refusal(&status),
        }
    }

    /// Pauses; false when there is no run yet, or none any more.
    pub(crate) async fn pause(&self, scope: Scope) -> bool {
        let reason = "a test".to_owned();
        let scope = match scope {
            Scope::Run => pause_request::Scope::RunId(self.run.clone()),
            Scope::Everything => pause_request::Scope::Everything(()),
            Scope::Asset => {
                let request = PauseAssetRequest { asset_id: self.scenario.asset_id.clone(), reason };
                self.edge.assets().pause_asset(request).await.expect("paused");
                return true;
            }
        };
        match self.edge.pauses().pause(PauseRequest { scope: Some(scope), reason }).await {
            Ok(_) => true,
            Err(status) if is_about_the_run(&status) => false,
            Err(status) => panic!("{status:?}"),
        }
    }

    /// Ends a pause, where there is one.
    pub(crate) async fn resume(&self, scope: Scope) {
        let reason = "a test".to_owned();
        let scope = match scope {
            Scope::Run => resume_request::Scope::RunId(self.run.clone()),
            Scope::Everything => resume_request::Scope::Everything(()),
            Scope::Asset => {
                let request = UnpauseAssetRequest { asset_id: self.scenario.asset_id.clone(), reason };
                self.edge.assets().unpause_asset(request).await.expect("unpaused");
                return;
            }
        };
        match self.edge.pauses().resume(ResumeRequest { scope: Some(scope), reason }).await {
            Ok(_) => {}
            Err(status) if is_about_the_run(&status) => {}
            Err(status) => panic!("{status:?}"),
        }
    }

    /// The distribution as it is now.
    pub(crate) async fn read(&self) -> Distribution {
        let request = GetDistributionRequest { distribution_id: self.id.clone() };
        let answer = self.edge.distributions().get_distribution(request).await.expect("read");
        answer.into_inner().distribution.expect("a distribution")
    }

    /// Its run as it is now; none before execution has it.
    pub(crate) async fn read_run(&self) -> Option<Run> {
        let request = GetRunRequest { run_id: self.run.clone() };
        match self.edge.execution().get_run(request).await {
            Ok(answer) => Some(answer.into_inner().run.expect("a run")),
            Err(status) if is_about_the_run(&status) => None,
            Err(status) => panic!("{status:?}"),
        }
    }

    /// The payouts of its run in their order; none before execution has it.
    pub(crate) async fn payouts(&self) -> Option<Vec<Payout>> {
        let request = StreamPayoutsRequest { run_id: self.run.clone() };
        let mut stream = match self.edge.execution().stream_payouts(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) if is_about_the_run(&status) => return None,
            Err(status) => panic!("{status:?}"),
        };
        let mut all = Vec::new();
        while let Some(chunk) = stream.message().await.expect("a chunk") {
            all.extend(chunk.payouts);
        }
        Some(all)
    }

    /// How many payments the network's ledger shows.
    pub(crate) async fn paid_by_the_ledger(&self) -> usize {
        self.control.effects(&self.scenario.payment_token_id).await.expect("the ledger").len()
    }

    /// What the network's own ledger says against our record of the run that has ended.
    pub(crate) async fn judge(&self) -> Vec<Violation> {
        let ledger = self.ledger.entries(&self.scenario.payment_token_id).await.expect("the ledger");
        let Some(run) = self.read_run().await else {
            assert!(ledger.is_empty(), "paid without a run: {ledger:?}");
            return Vec::new();
        };
        let payouts = self.payouts().await.expect("payouts");
        checker::judge(&Evidence {
            instructions: self.instructions.clone(),
            payouts: payouts.iter().map(|payout| record::payout(payout).expect("a payout")).collect(),
            counted: record::counted(&run).ok(),
            ledger,
            funding: self.operator.clone(),
        })
    }
}

/// The run is not there yet, or has ended.
fn is_about_the_run(status: &Status) -> bool {
    let reason = status.get_details_error_info().map(|info| info.reason);
    matches!(reason.as_deref(), Some("RUN_NOT_FOUND" | "RUN_ENDED"))
}

fn refusal(status: &Status) -> Answer {
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("{status:?}"));
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    match info.reason.as_str() {
        "ASSET_PAUSED" => Answer::AssetPaused,
        "ACTION_NOT_ALLOWED" => {
            let state = format!("DISTRIBUTION_STATE_{}", info.metadata["state"]);
            let allowed = info.metadata["allowed_actions"].split(',').filter(|name| !name.is_empty());
            Answer::NotAllowed {
                state: DistributionState::from_str_name(&state).expect("a state of the contract"),
                allowed: allowed.map(str::to_owned).collect(),
            }
        }
        _ => panic!("{status:?}"),
    }
}
