//! Bad changes of amounts are named by their field, and what is there stays as it is.

use bursar_tests::seen;
use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::ingest_file_request::Part;
use proto::distribution::v1::{
    AmountRule, Distribution, DistributionState, IngestFileRequest, IngestHeader, IngestMode, Rounding,
    UpdateDistributionRequest, Withholding,
};

use crate::world::{Sort, World, start};

fn withheld(percent: &str) -> Withholding {
    let default_percent = percent.to_owned();
    Withholding { default_percent, rates: Vec::new(), rounding: Rounding::Down.into() }
}

fn per_token(rate: &str) -> AmountRule {
    AmountRule { rule: Some(Rule::PerToken(rate.to_owned())) }
}

/// Each change is refused for these fields with these reasons, and nothing of the distribution is another then.
async fn assert_refused(
    world: &World,
    before: &Distribution,
    table: Vec<(UpdateDistributionRequest, &[(&str, &str)])>,
) {
    for (change, expected) in table {
        let change = UpdateDistributionRequest {
            distribution_id: before.id.clone(),
            version: before.version,
            ..change
        };
        let refused = world.edge.distributions().update_distribution(change).await.expect_err("it is wrong");
        let mut named = seen::fields(&refused);
        named.sort();
        let named: Vec<_> = named.iter().map(|(field, why)| (field.as_str(), why.as_str())).collect();
        assert_eq!(named, expected, "{refused:?}");
        let after = seen::until(&world.edge, &before.id, |_| true).await;
        assert_eq!(after, *before);
    }
}

/// A list of payees from a file, ready to be paid.
async fn list(world: &World) -> Distribution {
    let token = &world.scenario.payment_token_id;
    let lines =
        format!("reference,recipient,amount,currency,note\nINV-1,{},1.5,{token},\n", world.holders[0]);
    let header = IngestHeader {
        file_name: "payees.csv".to_owned(),
        label: "Payees".to_owned(),
        funding_account_id: world.scenario.funding_account_id.clone(),
        payment_token: token.clone(),
        mode: IngestMode::AllOrNothing.into(),
        ..IngestHeader::default()
    };
    let parts = [Part::Header(header), Part::Chunk(lines.into_bytes())];
    let parts = parts.map(|part| IngestFileRequest { part: Some(part) });
    let answer = world.edge.ingests().ingest_file(tokio_stream::iter(parts)).await.expect("read");
    let file = answer.into_inner().ingest_file.expect("a file");
    world.until(&file.distribution_id, DistributionState::Upcoming).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_change_of_amounts_is_named_by_its_field_and_changes_nothing_and_nothing_comes_off_a_list() {
    let (harness, edge, control) = start().await;
    bad_changes(&World::build(&edge, &control, Sort::Shares, &[5]).await).await;
    nothing_comes_off_a_list(&World::build(&edge, &control, Sort::Shares, &[5]).await).await;
    harness.stop().await.expect("stopped");
}

async fn bad_changes(world: &World) {
    world.pay(world.each_from(1, 100)).await;
    let created = world.create(world.each_from(10, 5)).await;
    let none = UpdateDistributionRequest::default;
    let elsewhere = || UpdateDistributionRequest {
        payment_token: Some("hbar".to_owned()),
        amount_rule: Some(per_token("1")),
        ..none()
    };
    let old = Some(world.units(5));
    let old_each = world.each(5).amount_rule;
    let table: Vec<(UpdateDistributionRequest, &[(&str, &str)])> = vec![
        (elsewhere(), &[("minimum_amount", "REQUIRED")]),
        (
            UpdateDistributionRequest { minimum_amount: old.clone(), ..elsewhere() },
            &[("minimum_amount.asset", "NOT_THE_PAYMENT_TOKEN")],
        ),
        (
            UpdateDistributionRequest { amount_rule: old_each, minimum_amount: old, ..elsewhere() },
            &[
                ("amount_rule.per_holder.asset", "NOT_THE_PAYMENT_TOKEN"),
                ("minimum_amount.asset", "NOT_THE_PAYMENT_TOKEN"),
            ],
        ),
        (
            UpdateDistributionRequest { withholding: Some(withheld("101")), ..none() },
            &[("withholding.default_percent", "OUT_OF_RANGE")],
        ),
    ];
    assert_refused(world, &created, table).await;
    assert_eq!(world.open().await, [0], "what it has reserved stays its own");
    world.execute(&created.id, DistributionState::Completed).await;
    assert_eq!(world.paid().await, [(1, 11)]);
}

async fn nothing_comes_off_a_list(world: &World) {
    world.pay(world.each_from(7, 100)).await;
    let list = list(world).await;
    let none = UpdateDistributionRequest::default;
    let all = UpdateDistributionRequest {
        amount_rule: Some(per_token("1")),
        withholding: Some(withheld("5")),
        minimum_amount: Some(world.units(5)),
        ..none()
    };
    let table: Vec<(UpdateDistributionRequest, &[(&str, &str)])> = vec![
        (
            UpdateDistributionRequest { withholding: Some(withheld("5")), ..none() },
            &[("withholding", "IS_A_LIST")],
        ),
        (
            UpdateDistributionRequest { minimum_amount: Some(world.units(5)), ..none() },
            &[("minimum_amount", "IS_A_LIST")],
        ),
        (all, &[("amount_rule", "IS_A_LIST"), ("minimum_amount", "IS_A_LIST"), ("withholding", "IS_A_LIST")]),
    ];
    assert_refused(world, &list, table).await;
    world.execute(&list.id, DistributionState::Completed).await;
    assert_eq!(world.paid().await, [(1, 1_500_000)]);
    assert_eq!(world.open().await, [7], "a list brings nothing forward");
}
