//! Distributions as they are seen through the gateway, and what was paid as the ledger shows it.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::distribution::v1::{
    CreateDistributionRequest, Distribution, DistributionState, Entitlement, ExecuteDistributionRequest,
    GetDistributionRequest, ListEntitlementsRequest,
};
use test_harness::{Edge, HarnessError, SandboxControl};
use tokio::time::Instant;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

/// How long anything may take on a machine that is busy.
const WITHIN: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(50);
const PAGE: i32 = 1_000;

/// What an answer says; a service that is down is to be asked again.
pub fn unless_down<T>(answer: Result<Response<T>, Status>) -> Result<Option<T>, HarnessError> {
    match answer {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) if status.code() == Code::Unavailable => Ok(None),
        Err(status) => Err(HarnessError::from(status)),
    }
}

/// The distribution once `seen` holds of it; services that are down are waited for.
pub async fn until(edge: &Edge, id: &str, seen: impl Fn(&Distribution) -> bool + Send) -> Distribution {
    let late = Instant::now() + WITHIN;
    loop {
        let request = GetDistributionRequest { distribution_id: id.to_owned() };
        let answer = unless_down(edge.distributions().get_distribution(request).await).expect("it is there");
        let found = answer.and_then(|answer| answer.distribution);
        match found {
            Some(found) if seen(&found) => return found,
            found => assert!(Instant::now() < late, "not in time: {found:?}"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether a distribution is in this state.
pub fn is(state: DistributionState) -> impl Fn(&Distribution) -> bool + Send {
    move |found| found.state() == state
}

/// Creates a distribution; it is not calculated yet.
pub async fn create(edge: &Edge, request: CreateDistributionRequest) -> Distribution {
    let answer = edge.distributions().create_distribution(request).await.expect("created").into_inner();
    answer.distribution.expect("a distribution")
}

/// Executes a distribution.
pub async fn execute(edge: &Edge, id: &str) {
    let request = ExecuteDistributionRequest { distribution_id: id.to_owned() };
    edge.distributions().execute_distribution(request).await.expect("executed");
}

/// All lines of a distribution: payees by ordinal, then who is not paid.
pub async fn entitlements(edge: &Edge, id: &str) -> Vec<Entitlement> {
    let mut request = ListEntitlementsRequest {
        distribution_id: id.to_owned(),
        page_size: PAGE,
        ..ListEntitlementsRequest::default()
    };
    let mut all = Vec::new();
    loop {
        let answer = edge.distributions().list_entitlements(request.clone()).await;
        let page = answer.expect("a page").into_inner();
        all.extend(page.entitlements);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

/// The accounts of a distribution's payees, by ordinal.
pub async fn payees(edge: &Edge, id: &str) -> Vec<String> {
    let all = entitlements(edge, id).await.into_iter();
    all.filter(|one| one.ordinal.is_some()).map(|one| one.account).collect()
}

/// Which payees are paid how much by a distribution, by its own word.
pub async fn owed(edge: &Edge, id: &str) -> BTreeMap<String, u128> {
    let payees = entitlements(edge, id).await.into_iter().filter(|one| one.ordinal.is_some());
    payees.map(|one| (one.account, one.units.parse().expect("digits"))).collect()
}

/// How often the ledger shows that each account was paid of a token, and how much in all.
pub async fn paid(control: &SandboxControl, token: &str) -> BTreeMap<String, (usize, u128)> {
    let mut paid: BTreeMap<String, (usize, u128)> = BTreeMap::new();
    for effect in control.effects(token).await.expect("the ledger") {
        let (times, units) = paid.entry(effect.account).or_default();
        *times += 1;
        *units += u128::from(effect.units);
    }
    paid
}

/// What the ledger shows that each account was paid of a token, and that none was paid twice.
pub async fn paid_once(control: &SandboxControl, token: &str) -> BTreeMap<String, u128> {
    let paid = paid(control, token).await.into_iter();
    let once = paid.map(|(account, (times, units))| {
        assert_eq!(times, 1, "{account} was paid more than once");
        (account, units)
    });
    once.collect()
}

/// The stable reason of a refusal.
pub fn reason(refused: &Status) -> String {
    refused.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The bad fields of a refusal, each with its reason.
pub fn fields(refused: &Status) -> Vec<(String, String)> {
    let violations = refused.get_details_bad_request().map(|request| request.field_violations);
    let violations = violations.unwrap_or_default().into_iter();
    violations.map(|violation| (violation.field, violation.reason)).collect()
}
