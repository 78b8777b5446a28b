//! `CreateDistribution`: what is refused, and that repeating it is harmless.

use proto::distribution::v1 as pb;
use proto::holder::v1::SnapshotState;
use tonic::Code;

use crate::stage::{Stage, fields, reason};

fn pool_of(request: &mut pb::CreateDistributionRequest) -> &mut pb::Pool {
    match request.amount_rule.as_mut().and_then(|rule| rule.rule.as_mut()) {
        Some(pb::amount_rule::Rule::Pool(pool)) => pool,
        other => panic!("not a pool: {other:?}"),
    }
}

fn decision(account: &str, treatment: pb::HolderTreatment) -> pb::HolderDecision {
    pb::HolderDecision { account: account.to_owned(), treatment: treatment.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_is_named_at_once_and_nothing_is_created() {
    let stage = Stage::new().await;
    let mut request = stage.request();
    request.asset_id = "ast_nonsense".to_owned();
    request.label = String::new();
    request.kind = 0;
    request.payment_token = "0x10".to_owned();
    request.funding_account_id = String::new();
    request.record_time = Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 });
    request.snapshot_id = "snp_1".to_owned();
    request.batch_size = 1_001;
    request.parallelism = 65;
    request.holder_decisions = vec![
        decision("0.0.5", pb::HolderTreatment::Hold),
        decision("0.0.5", pb::HolderTreatment::Exclude),
        decision("5", pb::HolderTreatment::Unspecified),
    ];
    pool_of(&mut request).base = 0;
    let refused = stage.create("k", request).await.expect_err("much is wrong");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID_ARGUMENT"));
    let mut seen = fields(&refused);
    seen.sort();
    let expected = [
        ("amount_rule.pool.base", "REQUIRED"),
        ("asset_id", "MALFORMED"),
        ("batch_size", "OUT_OF_RANGE"),
        ("funding_account_id", "REQUIRED"),
        ("holder_decisions[1].account", "DUPLICATE"),
        ("holder_decisions[2].account", "MALFORMED"),
        ("holder_decisions[2].treatment", "REQUIRED"),
        ("kind", "REQUIRED"),
        ("label", "REQUIRED"),
        ("parallelism", "OUT_OF_RANGE"),
        ("payment_token", "MALFORMED"),
        ("record_time", "IN_THE_FUTURE"),
        ("snapshot_id", "MALFORMED"),
    ];
    let expected: Vec<_> = expected.map(|(field, why)| (field.to_owned(), why.to_owned())).into();
    assert_eq!(seen, expected);
    assert_eq!(stage.world.facts().snapshots_taken, 0);
    let listed = stage.client().list_distributions(stage.read(pb::ListDistributionsRequest::default())).await;
    assert!(listed.expect("a list").into_inner().distributions.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_canonical_amount_within_the_rails_range_is_taken() {
    let stage = Stage::new().await;
    for (units, why) in [
        ("", "REQUIRED"),
        ("0", "OUT_OF_RANGE"),
        ("-1", "MALFORMED"),
        ("01", "MALFORMED"),
        ("1e3", "MALFORMED"),
        ("+5", "MALFORMED"),
        ("0x10", "MALFORMED"),
        (" 1", "MALFORMED"),
        ("1.5", "MALFORMED"),
        ("9223372036854775808", "OUT_OF_RANGE"),
        ("340282366920938463463374607431768211456", "MALFORMED"),
    ] {
        let mut request = stage.request();
        pool_of(&mut request).amount.as_mut().expect("an amount").units = units.to_owned();
        let refused = stage.create("k", request).await.expect_err(units);
        let expected = [("amount_rule.pool.amount.units".to_owned(), why.to_owned())];
        assert_eq!(fields(&refused), expected, "{units:?}");
    }
    for (rate, why) in
        [("0", "OUT_OF_RANGE"), ("0.50", "MALFORMED"), ("-0.5", "MALFORMED"), ("1e-3", "MALFORMED")]
    {
        let mut request = stage.request();
        let rule = pb::amount_rule::Rule::PerToken(rate.to_owned());
        request.amount_rule = Some(pb::AmountRule { rule: Some(rule) });
        let refused = stage.create("k", request).await.expect_err(rate);
        assert_eq!(fields(&refused), [("amount_rule.per_token".to_owned(), why.to_owned())], "{rate:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_what_it_names_is_refused_with_its_field() {
    let stage = Stage::new().await;
    let mut request = stage.request();
    request.asset_id = stage.world.bond.to_string();
    request.label = " ".to_owned();
    request.holder_decisions = vec![
        decision("0.0.5", pb::HolderTreatment::Pay),
        decision("0.0.2000", pb::HolderTreatment::Pay),
        decision("0.0.2001", pb::HolderTreatment::Pay),
        decision("0.0.2002", pb::HolderTreatment::Pay),
        decision("0.0.0", pb::HolderTreatment::Pay),
    ];
    pool_of(&mut request).amount.as_mut().expect("an amount").asset = "hedera:mainnet/hbar".to_owned();
    let refused = stage.create("k", request).await.expect_err("much does not fit");
    let expected = [
        ("label", "MALFORMED"),
        ("amount_rule.pool.amount.asset", "NOT_THE_PAYMENT_TOKEN"),
        ("kind", "KIND_DOES_NOT_FIT"),
        ("holder_decisions[1].treatment", "NEVER_PAID"),
        ("holder_decisions[2].treatment", "NEVER_PAID"),
        ("holder_decisions[3].treatment", "NEVER_PAID"),
        ("holder_decisions[4].treatment", "NEVER_PAID"),
    ];
    let mut seen = fields(&refused);
    let mut expected: Vec<_> = expected.map(|(field, why)| (field.to_owned(), why.to_owned())).into();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_names_must_exist_and_must_not_stand_against_it() {
    let stage = Stage::new().await;
    let other = ids::Uuid::from_u128(7).simple().to_string();
    let refused = async |request| {
        let refused = stage.create("k", request).await.expect_err("it is refused");
        (refused.code(), reason(&refused))
    };
    let mut request = stage.request();
    request.asset_id = format!("ast_{other}");
    assert_eq!(refused(request).await, (Code::NotFound, "ASSET_NOT_FOUND".to_owned()));
    let mut request = stage.request();
    request.funding_account_id = format!("fnd_{other}");
    assert_eq!(refused(request).await, (Code::NotFound, "FUNDING_ACCOUNT_NOT_FOUND".to_owned()));
    let mut request = stage.request();
    request.snapshot_id = format!("snp_{other}");
    assert_eq!(refused(request).await, (Code::NotFound, "SNAPSHOT_NOT_FOUND".to_owned()));
    stage.world.facts().payment_tokens.remove("0.0.7000");
    let not_accepted = (Code::FailedPrecondition, "PAYMENT_TOKEN_NOT_ACCEPTED".to_owned());
    assert_eq!(refused(stage.request()).await, not_accepted);
    stage.world.facts().assets.values_mut().for_each(|asset| asset.paused = true);
    assert_eq!(refused(stage.request()).await, (Code::FailedPrecondition, "ASSET_PAUSED".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_ready_snapshot_of_the_same_asset_and_record_time_is_reused() {
    let stage = Stage::new().await;
    let mut request = stage.request();
    request.validate_only = true;
    let answer = stage.client().create_distribution(stage.read(request)).await.expect("a preview");
    let preview = answer.into_inner().preview.expect("a preview");
    let snapshot_id = preview.entitlements.expect("numbers").snapshot_id;
    let refused = async |request: pb::CreateDistributionRequest| {
        // A key of its own each time: the same one would bring back the first answer.
        let key = ids::Uuid::now_v7().simple().to_string();
        fields(&stage.create(&key, request).await.expect_err("it is refused"))
    };
    let reuse = pb::CreateDistributionRequest { snapshot_id: snapshot_id.clone(), ..stage.request() };

    let custom = pb::DistributionKind::Custom.into();
    let other = pb::CreateDistributionRequest {
        asset_id: stage.world.bond.to_string(),
        kind: custom,
        ..reuse.clone()
    };
    assert_eq!(refused(other).await, [("snapshot_id".to_owned(), "OTHER_ASSET".to_owned())]);
    let record_time = Some(prost_types::Timestamp { seconds: 1_000_000_000, nanos: 0 });
    let earlier = pb::CreateDistributionRequest { record_time, ..reuse.clone() };
    assert_eq!(refused(earlier).await, [("record_time".to_owned(), "RECORD_TIME_DIFFERS".to_owned())]);

    let created = stage.create("k", reuse.clone()).await.expect("it is reused");
    let calculated = stage.until(&created.id, pb::DistributionState::Upcoming).await;
    assert_eq!(calculated.entitlements.expect("a calculation").snapshot_id, snapshot_id);
    assert_eq!(stage.world.facts().snapshots_taken, 1, "the preview's was the only one");

    let taken = stage.world.facts().snapshots.values().next().cloned().expect("the preview's");
    let running = proto::holder::v1::Snapshot { state: SnapshotState::Running.into(), ..taken };
    stage.world.facts().snapshots.insert(snapshot_id, running);
    assert_eq!(refused(reuse).await, [("snapshot_id".to_owned(), "SNAPSHOT_NOT_READY".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_one_distribution_however_often_it_is_sent_and_takes_no_other_request() {
    let stage = Stage::new().await;
    let first = stage.create("k", stage.request()).await.expect("created");
    // What it depended on is otherwise by now: the first answer stands.
    stage.world.facts().assets.values_mut().for_each(|asset| asset.paused = true);
    let again = stage.create("k", stage.request()).await.expect("the first answer");
    assert_eq!(first, again);
    let mut other = stage.request();
    other.label = "Another".to_owned();
    let refused = stage.create("k", other).await.expect_err("the key is taken");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED"));
    let without = stage.client().create_distribution(stage.read(stage.request())).await;
    assert_eq!(reason(&without.expect_err("a key is required")), "IDEMPOTENCY_KEY_REQUIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_sent_many_times_at_once_makes_one_distribution() {
    let stage = Stage::new().await;
    let calls = (0..8).map(|_| stage.create("k", stage.request()));
    let ids: std::collections::BTreeSet<String> =
        futures::future::join_all(calls).await.into_iter().map(|made| made.expect("an answer").id).collect();
    assert_eq!(ids.len(), 1);
    let listed = stage.client().list_distributions(stage.read(pb::ListDistributionsRequest::default())).await;
    assert_eq!(listed.expect("a list").into_inner().distributions.len(), 1);
}
