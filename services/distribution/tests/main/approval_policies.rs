//! Who is asked for what: kinds, amounts, versions.

use auth::Role;
use proto::distribution::v1 as pb;
use tonic::Code;

use crate::approval_stage::{USDC, relabel};
use crate::stage::{Stage, fields, reason};

use pb::DistributionKind::{Coupon, Custom, Dividend, Redemption, Unspecified};
use pb::DistributionState::{PendingApproval, Upcoming};

fn kind_of(stage: &Stage, kind: pb::DistributionKind, units: u64) -> pb::CreateDistributionRequest {
    let mut request = pb::CreateDistributionRequest { kind: kind.into(), ..stage.request() };
    if kind == Coupon {
        request.asset_id = stage.world.bond.to_string();
    }
    let amount = proto::r#type::v1::Amount {
        units: units.to_string(),
        asset: "hedera:sandbox/token:0.0.7000".to_owned(),
    };
    let pool = pb::Pool { amount: Some(amount), base: pb::PoolBase::EligibleHolders.into() };
    request.amount_rule = Some(pb::AmountRule { rule: Some(pb::amount_rule::Rule::Pool(pool)) });
    request
}

/// How many people a distribution of this kind waits for; zero when it waits for nobody.
async fn asked(stage: &Stage, kind: pb::DistributionKind, units: u64) -> u32 {
    let preview = pb::CreateDistributionRequest { validate_only: true, ..kind_of(stage, kind, units) };
    let preview = stage.client().create_distribution(stage.read(preview)).await.expect("a preview");
    let preview = preview.into_inner().preview.expect("a preview");
    let key = ids::Uuid::now_v7().simple().to_string();
    let created = stage.create(&key, kind_of(stage, kind, units)).await.expect("created");
    for _ in 0..600 {
        let found = stage.get(&created.id).await;
        let required = found.approval.as_ref().map_or(0, |approval| approval.required);
        match found.state() {
            PendingApproval => assert!(required > 0),
            Upcoming => assert_eq!(required, 0),
            _ => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                continue;
            }
        }
        assert_eq!(preview.approvers_required, required, "the preview says the same");
        return required;
    }
    panic!("never calculated");
}

#[tokio::test(flavor = "multi_thread")]
async fn kind_and_amount_say_how_many_and_of_several_policies_the_strictest_counts() {
    let stage = Stage::new().await;
    stage.rich();
    assert_eq!(asked(&stage, Dividend, 1_000_000).await, 0, "without a policy nobody is asked");
    // Payees get 377 of 710 parts of the pool.
    stage.set_policy(Dividend, &[(530, 1), (1_060, 3)], 0).await.expect("set");
    stage.set_policy(Coupon, &[(0, 2)], 0).await.expect("set");
    stage.set_policy(Unspecified, &[(5_300, 2), (53_000, 5)], 0).await.expect("set");
    let table = [
        (Dividend, 990, 0),
        (Dividend, 1_000, 1),
        (Dividend, 2_000, 3),
        (Dividend, 10_000, 3),
        (Dividend, 100_000, 5),
        (Coupon, 2, 2),
        (Coupon, 100_000, 5),
        (Custom, 2_000, 0),
        (Custom, 10_000, 2),
        (Custom, 100_000, 5),
    ];
    for (kind, units, approvers) in table {
        assert_eq!(asked(&stage, kind, units).await, approvers, "{kind:?} of a pool of {units}");
    }
    // Whatever token: of everything in it.
    let every = pb::SetApprovalPolicyRequest {
        kind: Custom.into(),
        tiers: vec![pb::ApprovalTier { from_units: "0".to_owned(), approvers: 1 }],
        ..pb::SetApprovalPolicyRequest::default()
    };
    stage.set(every).await.expect("set");
    assert_eq!(asked(&stage, Custom, 2_000).await, 1);
    // In another token the amounts of this one say nothing.
    let mut hbar = kind_of(&stage, Dividend, 100_000);
    hbar.payment_token = "hbar".to_owned();
    let rule = pb::amount_rule::Rule::PerToken("1".to_owned());
    hbar.amount_rule = Some(pb::AmountRule { rule: Some(rule) });
    let created = stage.create("h", hbar).await.expect("created");
    assert_eq!(stage.until(&created.id, Upcoming).await.approval, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn redemptions_are_asked_for_by_their_own_kind() {
    let stage = Stage::new().await;
    stage.set_policy(Redemption, &[(0, 4)], 0).await.expect("set");
    let created = stage.redeem("r", stage.redemption()).await.expect("created");
    let pending = stage.until(&created.id, PendingApproval).await;
    assert_eq!(pending.approval.expect("it needs approval").required, 4);
    assert_eq!(asked(&stage, Dividend, 1_000).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_set_later_counts_for_what_is_calculated_later() {
    let stage = Stage::new().await;
    let before = stage.create("b", stage.request()).await.expect("created");
    let before = stage.until(&before.id, Upcoming).await;
    stage.ask_for(1).await;
    let pending = stage.pending(stage.request()).await;
    stage.set_policy(Unspecified, &[(0, 3)], 1).await.expect("set");
    assert_eq!(stage.get(&before.id).await, before);
    let approved = stage.approve("bo", &pending).await.expect("one was asked for");
    assert_eq!(approved.state(), Upcoming);
    // A change calculates anew.
    stage.modify("alice", relabel(&before, "Again")).await.expect("changed");
    let again = stage.until(&before.id, PendingApproval).await;
    assert_eq!(again.approval.expect("it needs approval").required, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_of_a_policy_is_kept_with_who_set_it_and_none_is_overwritten_unseen() {
    let stage = Stage::new().await;
    let first = stage.set_policy(Dividend, &[(0, 1)], 0).await.expect("set");
    assert_eq!((first.version, first.set_by.as_str()), (1, "ada"));
    assert_eq!(first.validity.expect("a week").seconds, 7 * 86_400);
    let second = stage.set_policy(Dividend, &[], 1).await.expect("set");
    stage.set_policy(Unspecified, &[(0, 2)], 0).await.expect("set");
    for version in [0, 1, 3, 7] {
        let refused = stage.set_policy(Dividend, &[(0, 5)], version).await.expect_err("it is another");
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, "VERSION_CHANGED")
        );
    }
    let read = async |kind: pb::DistributionKind, version| {
        let request =
            pb::GetApprovalPolicyRequest { kind: kind.into(), payment_token: USDC.to_owned(), version };
        let answer = stage.approvals().get_approval_policy(stage.read_as(Role::Viewer, request)).await;
        answer.map(|answer| answer.into_inner().policy.expect("a policy"))
    };
    assert_eq!(read(Dividend, 0).await.expect("there"), second);
    assert_eq!(read(Dividend, 1).await.expect("there"), first);
    let unknown = read(Coupon, 0).await.expect_err("there is none");
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "APPROVAL_POLICY_NOT_FOUND"));

    let mut seen = Vec::new();
    let mut request = pb::ListApprovalPoliciesRequest { page_size: 1, ..Default::default() };
    loop {
        let page =
            stage.approvals().list_approval_policies(stage.read_as(Role::Viewer, request.clone())).await;
        let page = page.expect("a page").into_inner();
        seen.extend(page.policies);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let scopes: Vec<_> =
        seen.iter().map(|policy| (policy.kind(), policy.version, policy.tiers.len())).collect();
    assert_eq!(scopes, [(Unspecified, 1, 1), (Dividend, 2, 0)]);
    // Without tiers nobody is asked by it.
    assert_eq!(asked(&stage, Dividend, 10).await, 2, "by the one for all kinds");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_set_a_policy_at_once_make_one_next_version() {
    let stage = Stage::new().await;
    let sets = (1..=5).map(|approvers| {
        let tiers = [(0, approvers)];
        let stage = &stage;
        async move { stage.set_policy(Dividend, &tiers, 0).await }
    });
    let answers = futures::future::join_all(sets).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_policy_is_named() {
    let stage = Stage::new().await;
    let tier =
        |from_units: &str, approvers| pb::ApprovalTier { from_units: from_units.to_owned(), approvers };
    let request = pb::SetApprovalPolicyRequest {
        payment_token: "0x10".to_owned(),
        tiers: vec![tier("10", 2), tier("10", 1), tier("1e3", 6)],
        validity: Some(prost_types::Duration { seconds: 59, nanos: 0 }),
        ..pb::SetApprovalPolicyRequest::default()
    };
    let refused = stage.set(request).await.expect_err("much is wrong");
    let expected = [
        ("payment_token", "MALFORMED"),
        ("tiers[1].from_units", "NOT_ASCENDING"),
        ("tiers[1].approvers", "NOT_ASCENDING"),
        ("tiers[2].from_units", "MALFORMED"),
        ("tiers[2].approvers", "OUT_OF_RANGE"),
        ("validity", "OUT_OF_RANGE"),
    ];
    assert_eq!(fields(&refused), expected.map(|(field, why)| (field.to_owned(), why.to_owned())));
    let every = pb::SetApprovalPolicyRequest { tiers: vec![tier("1", 1)], ..Default::default() };
    let refused = stage.set(every).await.expect_err("amounts of what");
    assert_eq!(fields(&refused), [("tiers[0].from_units".to_owned(), "OUT_OF_RANGE".to_owned())]);
    let many = pb::SetApprovalPolicyRequest { tiers: vec![tier("0", 1); 11], ..Default::default() };
    let refused = stage.set(many).await.expect_err("too many");
    assert_eq!(fields(&refused), [("tiers".to_owned(), "OUT_OF_RANGE".to_owned())]);
}
