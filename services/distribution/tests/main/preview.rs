//! `CreateDistribution` with `validate_only`.

use proto::distribution::v1 as pb;
use proto::holder::v1::SnapshotState;
use tonic::Code;

use crate::stage::{Stage, reason};

async fn preview(
    stage: &Stage,
    request: pb::CreateDistributionRequest,
) -> Result<pb::Preview, tonic::Status> {
    let request = pb::CreateDistributionRequest { validate_only: true, ..request };
    let answer = stage.client().create_distribution(stage.read(request)).await?.into_inner();
    assert!(answer.distribution.is_none(), "nothing is created");
    Ok(answer.preview.expect("a preview"))
}

fn units(amount: Option<proto::r#type::v1::Amount>) -> String {
    amount.expect("an amount").units
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_has_the_numbers_of_the_documentation_and_creates_nothing() {
    let stage = Stage::new().await;
    let found = preview(&stage, stage.request()).await.expect("a preview");
    let numbers = found.entitlements.expect("numbers");
    let counts = (numbers.payee_count, numbers.zero_count, numbers.held_count, numbers.excluded_count);
    assert_eq!(counts, (4, 0, 1, 2));
    let sums = [numbers.entitled, numbers.held, numbers.pool, numbers.residue].map(units);
    assert_eq!(sums, ["5", "5", "10", "5"]);
    assert!(numbers.entitlement_root.is_empty(), "a root binds a run");
    assert_eq!((found.funding_units.as_str(), found.required_units.as_str()), ("1000000", "5"));
    assert_eq!(found.expected_fees_tinybars, "400");
    assert_eq!(found.dust_count, 4, "each gets less than ten units");
    let unpaid: Vec<_> = found
        .unpaid_holders
        .iter()
        .map(|holder| (holder.account.as_str(), holder.reason.as_str(), holder.units.as_str()))
        .collect();
    let expected = [
        ("0.0.4096", "CONTRACT", "5"),
        // 10 × 500 / 1210, and 10 × 50 / 760, if they were counted and paid.
        ("0.0.2000", "TREASURY", "4"),
        ("0.0.2001", "FUNDING_ACCOUNT", "0"),
    ];
    assert_eq!(unpaid, expected);
    let reasons: Vec<_> =
        found.findings.iter().map(|finding| (finding.reason.as_str(), finding.blocking)).collect();
    let expected =
        [("HELD_HOLDERS", false), ("DUST_PAYEES", false), ("SNAPSHOT_OLDER_THAN_RECORD_TIME", false)];
    assert_eq!(reasons, expected);
    let listed = stage.client().list_distributions(stage.read(pb::ListDistributionsRequest::default())).await;
    assert!(listed.expect("a list").into_inner().distributions.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_above_the_funding_is_a_blocking_finding_not_an_error() {
    let stage = Stage::new().await;
    {
        let mut facts = stage.world.facts();
        (facts.funding_units, facts.fee_balance) = (4, 399);
    }
    let found = preview(&stage, stage.request()).await.expect("a preview");
    let blocking: Vec<_> = found
        .findings
        .iter()
        .filter(|finding| finding.blocking)
        .map(|finding| finding.reason.as_str())
        .collect();
    assert_eq!(blocking, ["FUNDING_SHORT", "FEE_BALANCE_SHORT"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_to_pay_is_a_blocking_finding() {
    let stage = Stage::new().await;
    stage.world.facts().holders.retain(|holder| holder.account == "0.0.2000");
    let found = preview(&stage, stage.request()).await.expect("a preview");
    assert_eq!(found.findings[0].reason, "NO_PAYEES");
    assert_eq!(units(found.entitlements.expect("numbers").residue), "10");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_takes_too_long_is_named_so_that_it_can_be_reused() {
    let stage = Stage::new().await;
    stage.world.facts().snapshot_state = SnapshotState::Running;
    let refused = preview(&stage, stage.request()).await.expect_err("it is not ready");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "SNAPSHOT_NOT_READY"));
    let info = tonic_types::StatusExt::get_details_error_info(&refused).expect("info");
    assert!(stage.world.facts().snapshots.contains_key(&info.metadata["snapshot_id"]));
    stage.world.facts().snapshot_state = SnapshotState::Failed;
    let refused = preview(&stage, stage.request()).await.expect_err("it failed");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "SNAPSHOT_FAILED"));
}
