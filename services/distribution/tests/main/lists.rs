//! Lists: filters, paging, order.

use proto::distribution::v1 as pb;
use tonic::Code;

use crate::stage::{Stage, reason};

async fn list(
    stage: &Stage,
    request: pb::ListDistributionsRequest,
) -> Result<pb::ListDistributionsResponse, tonic::Status> {
    Ok(stage.client().list_distributions(stage.read(request)).await?.into_inner())
}

fn ids(answer: &pb::ListDistributionsResponse) -> Vec<String> {
    answer.distributions.iter().map(|one| one.id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn distributions_are_listed_newest_first_in_pages_bound_to_their_filters() {
    let stage = Stage::new().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(stage.create(&format!("c{number}"), stage.request()).await.expect("created").id);
    }
    made.reverse();
    let mut bond = stage.request();
    bond.asset_id = stage.world.bond.to_string();
    bond.kind = pb::DistributionKind::Coupon.into();
    let bond = stage.create("bond", bond).await.expect("created").id;

    let asset_id = stage.world.equity.to_string();
    let page =
        pb::ListDistributionsRequest { page_size: 2, asset_id, ..pb::ListDistributionsRequest::default() };
    let mut seen = Vec::new();
    let mut token = String::new();
    for _ in 0..3 {
        let request = pb::ListDistributionsRequest { page_token: token, ..page.clone() };
        let answer = list(&stage, request).await.expect("a page");
        seen.extend(ids(&answer));
        token = answer.next_page_token;
        if seen.len() == 2 {
            let other = pb::ListDistributionsRequest {
                page_token: token.clone(),
                asset_id: String::new(),
                ..page.clone()
            };
            let refused = list(&stage, other).await.expect_err("a token of another query");
            let expected = (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH");
            assert_eq!((refused.code(), reason(&refused).as_str()), expected);
        }
    }
    assert_eq!((seen, token), (made.clone(), String::new()));

    for id in made.iter().chain([&bond]) {
        stage.until(id, pb::DistributionState::Upcoming).await;
    }
    stage.cancel("x", &made[0]).await.expect("cancelled");
    let all = pb::ListDistributionsRequest::default;
    let cancelled = pb::ListDistributionsRequest { state: pb::DistributionState::Cancelled.into(), ..all() };
    assert_eq!(ids(&list(&stage, cancelled).await.expect("a list")), [made[0].clone()]);
    let time = |id: &str| {
        let id = id.to_owned();
        let stage = &stage;
        async move { stage.get(&id).await.create_time }
    };
    let between = pb::ListDistributionsRequest {
        created_from: time(&made[3]).await,
        created_before: time(&made[1]).await,
        ..all()
    };
    assert_eq!(ids(&list(&stage, between).await.expect("a list")), made[2..4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn entitlements_are_payees_by_ordinal_and_then_who_is_not_paid_by_account() {
    let stage = Stage::new().await;
    let created = stage.create("c", stage.request()).await.expect("created");
    stage.until(&created.id, pb::DistributionState::Upcoming).await;
    let base = pb::ListEntitlementsRequest {
        distribution_id: created.id,
        page_size: 3,
        ..pb::ListEntitlementsRequest::default()
    };
    let page = async |request| {
        stage.client().list_entitlements(stage.read(request)).await.expect("a page").into_inner()
    };
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let answer = page(pb::ListEntitlementsRequest { page_token: token, ..base.clone() }).await;
        seen.extend(answer.entitlements);
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|one| (one.ordinal, one.account.as_str(), one.units.as_str(), one.reason.as_str()))
        .collect();
    let expected = [
        (Some(0), "0.0.1001", "2", ""),
        (Some(1), "0.0.1002", "1", ""),
        (Some(2), "0.0.1003", "1", ""),
        (Some(3), "0.0.65536", "1", ""),
        (None, "0.0.2000", "0", "TREASURY"),
        (None, "0.0.2001", "0", "FUNDING_ACCOUNT"),
        (None, "0.0.4096", "5", "CONTRACT"),
    ];
    assert_eq!(seen, expected);
    let held =
        page(pb::ListEntitlementsRequest { treatment: pb::HolderTreatment::Hold.into(), ..base }).await;
    let held: Vec<_> = held.entitlements.iter().map(|one| one.evm_address.as_str()).collect();
    assert_eq!(held, ["0x0000000000000000000000000000000000001000"]);
}
