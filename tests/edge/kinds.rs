//! Dividends and redemptions are different duties: neither role can do the other's work, whatever id it sends.

use auth::internal::ServiceKeys;
use auth::{Actor, Role};
use proto::distribution::v1::{
    CancelDistributionRequest, CancelRedemptionRequest, CreateDistributionRequest, CreateRedemptionRequest,
    Distribution, DistributionKind, DistributionState, ExecuteDistributionRequest, ExecuteRedemptionRequest,
    GetDistributionRequest, RerunDistributionRequest, RetryDistributionRequest, RetryRedemptionRequest,
    UpdateDistributionRequest,
};
use test_harness::{Credentials, Edge, Harness, SandboxControl, Scenario, Terms};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

const EVERYBODY: [Role; 3] = [Role::Payout, Role::PaymentTokenManager, Role::Admin];
const MATURED_S: i64 = 1_719_705_600;

/// A dividend, a redemption, and what each is made of.
struct World {
    shares: Scenario,
    bond: Scenario,
    dividend: Distribution,
    redemption: Distribution,
}

impl World {
    async fn build(harness: &Harness, control: &SandboxControl) -> World {
        let edge = harness.edge("ann", &EVERYBODY).await.expect("connected");
        let cashout = harness.edge("carl", &[Role::Cashout]).await.expect("connected");
        let terms = Terms { holders: 20, ..Terms::default() };
        let shares = Scenario::build(&edge, control, terms).await.expect("built");
        let terms = Terms { maturity_s: Some(MATURED_S), ..terms };
        let bond = Scenario::build(&edge, control, terms).await.expect("built");
        let dividend = shares.create(&edge).await.expect("created");
        let created = cashout.redemptions().create_redemption(bond.redemption()).await.expect("created");
        let id = created.into_inner().distribution.expect("it is in the answer").id;
        let redemption = calculated(&edge, &id).await;
        World { shares, bond, dividend, redemption }
    }

    /// That nothing was done to either, and nobody was paid.
    async fn assert_untouched(&self, edge: &Edge, control: &SandboxControl) {
        for before in [&self.dividend, &self.redemption] {
            assert_eq!(read(edge, &before.id).await, *before);
        }
        for token in [&self.shares.payment_token_id, &self.bond.payment_token_id] {
            assert!(control.effects(token).await.expect("the ledger").is_empty());
        }
    }
}

async fn read(edge: &Edge, id: &str) -> Distribution {
    let request = GetDistributionRequest { distribution_id: id.to_owned() };
    let answer = edge.distributions().get_distribution(request).await.expect("it is there");
    answer.into_inner().distribution.expect("it is in the answer")
}

async fn calculated(edge: &Edge, id: &str) -> Distribution {
    loop {
        let found = read(edge, id).await;
        if found.state() != DistributionState::Snapshotting {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// The code, and the stable reason of a refusal.
fn verdict<T>(answer: Result<Response<T>, Status>) -> (Code, String) {
    let Err(status) = answer else { return (Code::Ok, String::new()) };
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}

fn denied(verdicts: &[(Code, String)]) -> bool {
    verdicts.iter().all(|(code, _)| *code == Code::PermissionDenied)
}

/// Everything that changes a distribution: creating one, and the others on `id`.
async fn every_distribution(edge: &Edge, create: CreateDistributionRequest, id: &str) -> [(Code, String); 6] {
    let mut distributions = edge.distributions();
    let id = || id.to_owned();
    let execute = ExecuteDistributionRequest { distribution_id: id() };
    let retry = RetryDistributionRequest { distribution_id: id(), ..Default::default() };
    let cancel = CancelDistributionRequest { distribution_id: id(), reason: String::new() };
    let label = Some("Another".to_owned());
    let update = UpdateDistributionRequest { distribution_id: id(), version: 1, label, ..Default::default() };
    let rerun = RerunDistributionRequest { distribution_id: id(), ..Default::default() };
    [
        verdict(distributions.create_distribution(create).await),
        verdict(distributions.update_distribution(update).await),
        verdict(distributions.rerun_distribution(rerun).await),
        verdict(distributions.execute_distribution(execute).await),
        verdict(distributions.retry_distribution(retry).await),
        verdict(distributions.cancel_distribution(cancel).await),
    ]
}

/// The same of redemptions.
async fn every_redemption(edge: &Edge, create: CreateRedemptionRequest, id: &str) -> [(Code, String); 4] {
    let mut redemptions = edge.redemptions();
    let id = || id.to_owned();
    let execute = ExecuteRedemptionRequest { distribution_id: id() };
    let retry = RetryRedemptionRequest { distribution_id: id(), ..Default::default() };
    let cancel = CancelRedemptionRequest { distribution_id: id(), reason: String::new() };
    [
        verdict(redemptions.create_redemption(create).await),
        verdict(redemptions.execute_redemption(execute).await),
        verdict(redemptions.retry_redemption(retry).await),
        verdict(redemptions.cancel_redemption(cancel).await),
    ]
}

/// What either role alone can do at this address: nothing that is the other's, by whatever id.
async fn assert_apart(world: &World, payout: &Edge, cashout: &Edge) {
    let ids = [&world.dividend.id, &world.redemption.id];
    for id in ids {
        assert!(denied(&every_distribution(cashout, world.shares.request.clone(), id).await));
        assert!(denied(&every_redemption(payout, world.bond.redemption(), id).await));
    }
    // The right role at the other's id, or with the other's kind.
    let precondition = |reason: &str| (Code::FailedPrecondition, reason.to_owned());
    let invalid = || (Code::InvalidArgument, "INVALID_ARGUMENT".to_owned());
    let kind = DistributionKind::Redemption.into();
    let create = CreateDistributionRequest { kind, ..world.bond.request.clone() };
    let [created, others @ ..] = every_distribution(payout, create, &world.redemption.id).await;
    assert_eq!(created, invalid());
    assert_eq!(others, [(); 5].map(|()| precondition("IS_A_REDEMPTION")));
    let asset_id = world.shares.asset_id.clone();
    let create = CreateRedemptionRequest { asset_id, ..world.bond.redemption() };
    let [created, others @ ..] = every_redemption(cashout, create, &world.dividend.id).await;
    assert_eq!(created, invalid());
    assert_eq!(others, [(); 3].map(|()| precondition("NOT_A_REDEMPTION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn cashout_alone_changes_no_distribution_and_payout_alone_does_nothing_to_redemptions() {
    let harness = Harness::start().await.expect("started");
    let control = harness.control().expect("a sandbox");
    let world = World::build(&harness, &control).await;
    let payout = harness.edge("paula", &[Role::Payout]).await.expect("connected");
    let cashout = harness.edge("carl", &[Role::Cashout]).await.expect("connected");
    assert_apart(&world, &payout, &cashout).await;
    let viewer = harness.edge("vera", &[Role::Viewer]).await.expect("connected");
    for reader in [&payout, &cashout, &viewer] {
        world.assert_untouched(reader, &control).await;
    }
    // Each does its own.
    let execute = ExecuteRedemptionRequest { distribution_id: world.redemption.id.clone() };
    cashout.redemptions().execute_redemption(execute).await.expect("it is the role");
    let cancel =
        CancelDistributionRequest { distribution_id: world.dividend.id.clone(), reason: String::new() };
    payout.distributions().cancel_distribution(cancel).await.expect("it is the role");
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_itself_holds_the_duties_apart_for_whoever_comes_through_the_gateway() {
    let harness = Harness::start().await.expect("started");
    let control = harness.control().expect("a sandbox");
    let world = World::build(&harness, &control).await;
    let keys = ServiceKeys::load(&harness.suite().layout().service_keys(), "gateway", &[]).expect("a key");
    let issuer = keys.issuer();
    let address = harness.suite().url("distribution");
    let around = async |subject: &str, role: Role| {
        let token = issuer.token("distribution", &Actor::user(subject, role.into(), "gateway"));
        Edge::connect(&address, Credentials::bearer(&token).expect("a token")).await.expect("connected")
    };
    let (payout, cashout) = (around("paula", Role::Payout).await, around("carl", Role::Cashout).await);
    assert_apart(&world, &payout, &cashout).await;
    world.assert_untouched(&cashout, &control).await;
    harness.stop().await.expect("stopped");
}
