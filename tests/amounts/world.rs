//! A token whose few holders are paid the same each, and what the ledger shows of it.

use std::collections::BTreeMap;
use std::time::Duration;

use auth::Role;
use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    AmountRule, CancelDistributionRequest, CarryForward, CarryForwardStatus, CreateDistributionRequest,
    Distribution, DistributionState, Entitlement, Entitlements, ExecuteDistributionRequest,
    GetDistributionRequest, ListCarryForwardsRequest, ListEntitlementsRequest,
};
use proto::r#type::v1::Amount;
use test_harness::{Edge, Harness, HarnessError, SandboxControl, Scenario, Terms, wait};
use tonic::Code;

pub(crate) const ROLES: [Role; 4] = [Role::Payout, Role::PaymentTokenManager, Role::Admin, Role::Viewer];
pub(crate) const WITHIN: Duration = Duration::from_mins(2);

/// The suite in this process, and a token of it.
pub(crate) struct World {
    pub(crate) harness: Harness,
    pub(crate) edge: Edge,
    pub(crate) control: SandboxControl,
    pub(crate) scenario: Scenario,
    /// Its holders, ascending.
    pub(crate) holders: Vec<String>,
}

impl World {
    pub(crate) async fn start(terms: Terms) -> Self {
        let harness = Harness::start().await.expect("started");
        let edge = harness.edge("ann", &ROLES).await.expect("connected");
        let control = harness.control().expect("a sandbox");
        let scenario = Scenario::build(&edge, &control, terms).await.expect("built");
        let holders = holders(&edge, &scenario).await;
        Self { harness, edge, control, scenario, holders }
    }

    pub(crate) async fn of(holders: u64) -> Self {
        Self::start(Terms { holders, ..Terms::default() }).await
    }

    pub(crate) async fn stop(self) {
        self.harness.stop().await.expect("stopped");
    }

    /// So much of what is paid.
    pub(crate) fn units(&self, units: u128) -> Amount {
        units_of(&self.scenario, units)
    }

    /// The same for each holder, and what is less than the minimum carried forward.
    pub(crate) fn each(&self, units: u128, minimum: u128) -> CreateDistributionRequest {
        each(&self.scenario, units, minimum)
    }

    pub(crate) async fn create(&self, request: CreateDistributionRequest) -> Distribution {
        create(&self.edge, request).await
    }

    /// Creates it, executes it, and waits for its end.
    pub(crate) async fn pay(&self, request: CreateDistributionRequest) -> Distribution {
        let created = self.create(request).await;
        self.execute(&created.id).await;
        until(&self.edge, &created.id, is(DistributionState::Completed)).await
    }

    pub(crate) async fn execute(&self, id: &str) {
        execute(&self.edge, id).await;
    }

    pub(crate) async fn cancel(&self, id: &str) {
        let request =
            CancelDistributionRequest { distribution_id: id.to_owned(), reason: "not now".to_owned() };
        self.edge.distributions().cancel_distribution(request).await.expect("cancelled");
    }

    pub(crate) async fn until(&self, id: &str, seen: impl Fn(&Distribution) -> bool) -> Distribution {
        until(&self.edge, id, seen).await
    }

    /// What the ledger shows that each account was paid, payment by payment.
    pub(crate) async fn paid(&self) -> BTreeMap<String, Vec<u64>> {
        paid(&self.control, &self.scenario).await
    }

    /// The same by the places of the holders.
    pub(crate) async fn paid_in_order(&self) -> Vec<Vec<u64>> {
        let mut paid = self.paid().await;
        self.holders.iter().map(|holder| paid.remove(holder).unwrap_or_default()).collect()
    }

    pub(crate) async fn carried(&self, status: CarryForwardStatus) -> Vec<CarryForward> {
        carried(&self.edge, &self.scenario, status).await
    }

    /// What is open, as places of holders with units, added up.
    pub(crate) async fn open(&self) -> Vec<(usize, u128)> {
        let mut open: BTreeMap<usize, u128> = BTreeMap::new();
        for one in self.carried(CarryForwardStatus::Open).await {
            let place = self.holders.iter().position(|holder| *holder == one.account).expect("a holder");
            *open.entry(place).or_default() += number(one.amount.as_ref());
        }
        open.into_iter().collect()
    }

    /// Lets a holder receive what is paid, or not.
    pub(crate) async fn freeze(&self, place: usize, frozen: bool) {
        let patch = serde_json::json!({ "frozen": frozen });
        let (token, holder) = (&self.scenario.payment_token_id, &self.holders[place]);
        self.control.relate(token, holder, &patch).await.expect("set");
    }
}

pub(crate) fn units_of(scenario: &Scenario, units: u128) -> Amount {
    Amount { units: units.to_string(), asset: scenario.payment_code.clone() }
}

pub(crate) fn each(scenario: &Scenario, units: u128, minimum: u128) -> CreateDistributionRequest {
    let rule = Rule::PerHolder(units_of(scenario, units));
    CreateDistributionRequest {
        amount_rule: Some(AmountRule { rule: Some(rule) }),
        minimum_amount: (minimum > 0).then(|| units_of(scenario, minimum)),
        ..scenario.request.clone()
    }
}

/// The number in an amount.
pub(crate) fn number(amount: Option<&Amount>) -> u128 {
    amount.expect("it is there").units.parse().expect("digits")
}

pub(crate) fn totals(distribution: &Distribution) -> &Entitlements {
    distribution.entitlements.as_ref().expect("it is calculated")
}

pub(crate) fn is(state: DistributionState) -> impl Fn(&Distribution) -> bool {
    move |found| found.state() == state
}

/// The distribution once `seen` holds; services that are down are waited for.
pub(crate) async fn until(edge: &Edge, id: &str, seen: impl Fn(&Distribution) -> bool) -> Distribution {
    let found = wait::until("a state of the distribution", WITHIN, async || {
        let request = GetDistributionRequest { distribution_id: id.to_owned() };
        match edge.distributions().get_distribution(request).await {
            Ok(answer) => Ok(answer.into_inner().distribution.filter(|found| seen(found))),
            Err(status) if status.code() == Code::Unavailable => Ok(None),
            Err(status) => Err(HarnessError::from(status)),
        }
    });
    found.await.expect("in time")
}

pub(crate) async fn create(edge: &Edge, request: CreateDistributionRequest) -> Distribution {
    let answer = edge.distributions().create_distribution(request).await.expect("created").into_inner();
    let id = answer.distribution.expect("a distribution").id;
    until(edge, &id, is(DistributionState::Upcoming)).await
}

pub(crate) async fn execute(edge: &Edge, id: &str) {
    let request = ExecuteDistributionRequest { distribution_id: id.to_owned() };
    edge.distributions().execute_distribution(request).await.expect("executed");
}

pub(crate) async fn paid(control: &SandboxControl, scenario: &Scenario) -> BTreeMap<String, Vec<u64>> {
    let mut paid: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for effect in control.effects(&scenario.payment_token_id).await.expect("the ledger") {
        paid.entry(effect.account).or_default().push(effect.units);
    }
    paid
}

pub(crate) async fn carried(
    edge: &Edge,
    scenario: &Scenario,
    status: CarryForwardStatus,
) -> Vec<CarryForward> {
    let mut request = ListCarryForwardsRequest {
        asset_id: scenario.asset_id.clone(),
        status: status.into(),
        page_size: 2,
        ..ListCarryForwardsRequest::default()
    };
    let mut all = Vec::new();
    loop {
        let answer = edge.distributions().list_carry_forwards(request.clone()).await.expect("a page");
        let page = answer.into_inner();
        all.extend(page.carry_forwards);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

pub(crate) async fn entitlements(edge: &Edge, id: &str) -> Vec<Entitlement> {
    let request = ListEntitlementsRequest {
        distribution_id: id.to_owned(),
        page_size: 1_000,
        ..ListEntitlementsRequest::default()
    };
    edge.distributions().list_entitlements(request).await.expect("a page").into_inner().entitlements
}

/// Who is paid by what is never executed.
pub(crate) async fn holders(edge: &Edge, scenario: &Scenario) -> Vec<String> {
    let looked = create(edge, each(scenario, 1, 0)).await;
    let found = entitlements(edge, &looked.id).await;
    let request = CancelDistributionRequest { distribution_id: looked.id, reason: "a look".to_owned() };
    edge.distributions().cancel_distribution(request).await.expect("cancelled");
    found.into_iter().filter(|one| one.ordinal.is_some()).map(|one| one.account).collect()
}
