//! A token with holders of known balances, what is paid on it, and what the ledger shows of that.

use auth::Role;
use bursar_tests::seen;
use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    AmountRule, CancelDistributionRequest, CarryForward, CarryForwardStatus, CreateDistributionRequest,
    Distribution, DistributionState, HolderDecision, HolderTreatment, ListCarryForwardsRequest,
    RetryDistributionRequest,
};
use proto::r#type::v1::Amount;
use serde_json::json;
use test_harness::{Edge, Harness, SandboxControl, Scenario, Terms};

pub(crate) const ROLES: [Role; 6] =
    [Role::Payout, Role::Cashout, Role::Pauser, Role::PaymentTokenManager, Role::Admin, Role::Viewer];
/// Midsummer of 2024.
const MATURED_S: i64 = 1_719_705_600;

/// What the asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Shares,
    /// It has matured; a whole token is worth 1.05 dollars.
    Bond,
}

/// An asset in a payment token of its own.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) edge: Edge,
    pub(crate) control: SandboxControl,
    pub(crate) scenario: Scenario,
    /// The funding account.
    operator: String,
    /// Accounts, ascending, as their balances were given.
    pub(crate) holders: Vec<String>,
}

/// A suite with its clients.
pub(crate) async fn start() -> (Harness, Edge, SandboxControl) {
    let harness = Harness::start().await.expect("started");
    let edge = harness.edge("ann", &ROLES).await.expect("connected");
    let control = harness.control().expect("a sandbox");
    (harness, edge, control)
}

impl World {
    /// New accounts with these balances, in smallest units of a token with 8 decimals.
    pub(crate) async fn build(edge: &Edge, control: &SandboxControl, sort: Sort, balances: &[u64]) -> World {
        let mut holders = Vec::new();
        for _ in balances {
            holders.push(control.create_account(&json!({})).await.expect("an account"));
        }
        World::of(edge, control, sort, holders, balances).await
    }

    /// The same of accounts that are there.
    pub(crate) async fn of(
        edge: &Edge,
        control: &SandboxControl,
        sort: Sort,
        holders: Vec<String>,
        balances: &[u64],
    ) -> World {
        let lines = holders.iter().zip(balances).map(|(holder, balance)| format!("{holder},{balance}\n"));
        let token = [("name", "Test Share"), ("symbol", "TEST"), ("decimals", "8")];
        let file = lines.collect::<String>().into_bytes();
        let token = control.create_token_with_file(&token, file).await.expect("a token").token_id;
        let maturity_s = (sort == Sort::Bond).then_some(MATURED_S);
        let terms = Terms { maturity_s, ..Terms::default() };
        let scenario = Scenario::around(edge, control, token, terms).await.expect("built");
        let operator = control.network().await.expect("a network").operator.account_id;
        World { edge: edge.clone(), control: control.clone(), scenario, operator, holders }
    }

    /// So many units of the payment token.
    pub(crate) fn units(&self, units: u128) -> Amount {
        Amount { units: units.to_string(), asset: self.scenario.payment_code.clone() }
    }

    /// A distribution by this rule, of which nothing comes off.
    pub(crate) fn request(&self, rule: Rule) -> CreateDistributionRequest {
        let amount_rule = Some(AmountRule { rule: Some(rule) });
        CreateDistributionRequest { amount_rule, ..self.scenario.request.clone() }
    }

    /// The same sum for each holder.
    pub(crate) fn each(&self, units: u128) -> CreateDistributionRequest {
        self.request(Rule::PerHolder(self.units(units)))
    }

    /// The same, and less than the minimum is carried forward.
    pub(crate) fn each_from(&self, units: u128, minimum: u128) -> CreateDistributionRequest {
        CreateDistributionRequest { minimum_amount: Some(self.units(minimum)), ..self.each(units) }
    }

    /// What happens with the holder of this place.
    pub(crate) fn decide(&self, place: usize, treatment: HolderTreatment) -> HolderDecision {
        HolderDecision { account: self.holders[place].clone(), treatment: treatment.into() }
    }

    /// Creates a distribution; as it is calculated.
    pub(crate) async fn create(&self, request: CreateDistributionRequest) -> Distribution {
        let id = seen::create(&self.edge, request).await.id;
        seen::until(&self.edge, &id, |found| found.state() != DistributionState::Snapshotting).await
    }

    /// Executes a distribution; as it ends in this state.
    pub(crate) async fn execute(&self, id: &str, ends: DistributionState) -> Distribution {
        seen::execute(&self.edge, id).await;
        self.until(id, ends).await
    }

    /// Creates a distribution and pays all of it.
    pub(crate) async fn pay(&self, request: CreateDistributionRequest) -> Distribution {
        let created = self.create(request).await;
        self.execute(&created.id, DistributionState::Completed).await
    }

    /// A distribution once it is in this state.
    pub(crate) async fn until(&self, id: &str, state: DistributionState) -> Distribution {
        seen::until(&self.edge, id, seen::is(state)).await
    }

    /// Keeps the holder of this place from receiving the payment token, or lets it.
    pub(crate) async fn freeze(&self, place: usize, frozen: bool) {
        let (token, holder) = (&self.scenario.payment_token_id, &self.holders[place]);
        self.control.relate(token, holder, &json!({ "frozen": frozen })).await.expect("set");
    }

    /// Takes the payment token from the holder of this place, who has none of it, or lets the holder have it.
    pub(crate) async fn associate(&self, place: usize, associated: bool) {
        let (token, holder) = (&self.scenario.payment_token_id, &self.holders[place]);
        self.control.relate(token, holder, &json!({ "associated": associated })).await.expect("set");
    }

    /// Cancels a distribution.
    pub(crate) async fn cancel(&self, id: &str) -> Distribution {
        let request = CancelDistributionRequest { distribution_id: id.to_owned(), reason: String::new() };
        self.edge.distributions().cancel_distribution(request).await.expect("cancelled");
        self.until(id, DistributionState::Cancelled).await
    }

    /// Tries again what failed of a distribution.
    pub(crate) async fn retry(&self, id: &str) {
        let request = RetryDistributionRequest {
            distribution_id: id.to_owned(),
            ..RetryDistributionRequest::default()
        };
        self.edge.distributions().retry_distribution(request).await.expect("it failed");
    }

    /// Moves all that the holder of one place has to that of another, outside any transaction.
    pub(crate) async fn sell(&self, from: usize, to: usize, units: u64) {
        let (from, to) = (&self.holders[from], &self.holders[to]);
        let body = json!({ "token": self.scenario.token_id, "from": from, "to": to, "units": units });
        self.control.move_units(&body).await.expect("moved");
        self.control.store_balances().await.expect("stored");
    }

    /// What the ledger shows that each holder was paid so far, in how many payments; nobody else was.
    pub(crate) async fn paid(&self) -> Vec<(usize, u128)> {
        let mut paid = seen::paid(&self.control, &self.scenario.payment_token_id).await;
        let of_holders = self.holders.iter().map(|holder| paid.remove(holder).unwrap_or_default()).collect();
        assert!(paid.is_empty(), "somebody else was paid: {paid:?}");
        of_holders
    }

    /// How much the ledger shows that each holder was paid so far.
    pub(crate) async fn received(&self) -> Vec<u128> {
        self.paid().await.into_iter().map(|(_, units)| units).collect()
    }

    /// What the funding account has of the payment token by the ledger.
    pub(crate) async fn funds(&self) -> u128 {
        let account = self.control.account(&self.operator).await.expect("an account");
        let tokens = account["tokens"].as_array().cloned().unwrap_or_default();
        let held = tokens.iter().find(|held| held["token_id"] == self.scenario.payment_token_id.as_str());
        let units = held.and_then(|held| held["units"].as_str()).expect("it has some");
        units.parse().expect("digits")
    }

    /// What was carried forward of everybody in the payment token.
    pub(crate) async fn carries(&self) -> Vec<CarryForward> {
        let request = ListCarryForwardsRequest {
            asset_id: self.scenario.asset_id.clone(),
            payment_token: self.scenario.payment_token_id.clone(),
            page_size: 1_000,
            ..ListCarryForwardsRequest::default()
        };
        let page = self.edge.distributions().list_carry_forwards(request).await.expect("a page").into_inner();
        assert!(page.next_page_token.is_empty(), "more than a page");
        page.carry_forwards
    }
}

impl World {
    /// What is open of each holder.
    pub(crate) async fn open(&self) -> Vec<u128> {
        let carries = self.carries().await;
        let of = |holder: &String| {
            let own = carries
                .iter()
                .filter(|one| one.account == *holder && one.status() == CarryForwardStatus::Open);
            own.map(|one| units(one.amount.as_ref())).sum()
        };
        self.holders.iter().map(of).collect()
    }
}

/// The units of an amount that a message has.
pub(crate) fn units(amount: Option<&Amount>) -> u128 {
    amount.expect("an amount").units.parse().expect("digits")
}

/// The units that a message has in a text.
pub(crate) fn digits(text: &str) -> u128 {
    text.parse().expect("digits")
}
