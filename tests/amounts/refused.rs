//! What is wrong with amounts is named by its field, and nothing happens.

use std::collections::BTreeSet;

use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    AmountRule, CreateDistributionRequest, ListCarryForwardsRequest, ListDistributionsRequest,
    PercentOfValue, Rounding, Withholding, WithholdingRate,
};
use proto::r#type::v1::Amount;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use bursar_tests::seen;

use crate::world::{Sort, World, start};

fn fields(refused: &Status) -> BTreeSet<String> {
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    let violations = refused.get_details_bad_request().expect("it names fields").field_violations;
    violations.into_iter().map(|violation| violation.field).collect()
}

fn named<const N: usize>(fields: [&str; N]) -> BTreeSet<String> {
    fields.map(str::to_owned).into()
}

fn rate(percent: &str, accounts: &[&str]) -> WithholdingRate {
    let accounts = accounts.iter().map(|account| (*account).to_owned()).collect();
    WithholdingRate { group: String::new(), percent: percent.to_owned(), accounts }
}

type Wrong = Vec<(CreateDistributionRequest, BTreeSet<String>)>;

/// Bad shares, each with the fields that are wrong.
fn wrong_shares(good: &CreateDistributionRequest, code: &str) -> Wrong {
    let with = |rule| CreateDistributionRequest {
        amount_rule: Some(AmountRule { rule: Some(rule) }),
        ..good.clone()
    };
    let of = |percent: &str, value: &str| {
        let (percent, value_per_token) = (percent.to_owned(), value.to_owned());
        with(Rule::PercentOfValue(PercentOfValue { percent, value_per_token }))
    };
    let each = |units: &str, asset: &str| {
        with(Rule::PerHolder(Amount { units: units.to_owned(), asset: asset.to_owned() }))
    };
    let percent = "amount_rule.percent_of_value.percent";
    let value = "amount_rule.percent_of_value.value_per_token";
    vec![
        (of("0", "5"), named([percent])),
        (of("100.1", "5"), named([percent])),
        (of("2.50", "5"), named([percent])),
        (of("-1", "5"), named([percent])),
        (of("2.5", "0"), named([value])),
        (of("2.5", "5 USD"), named([value])),
        // These are shares, which have no nominal value.
        (of("2.5", ""), named([value])),
        (of("x", "y"), named([percent, value])),
        (of("", "5"), named([percent])),
        (of("0.0000000000001", "5"), named([percent])),
        (each("0", code), named(["amount_rule.per_holder.units"])),
        (each("5.0", code), named(["amount_rule.per_holder.units"])),
        (each("9223372036854775808", code), named(["amount_rule.per_holder.units"])),
        (each("-5", code), named(["amount_rule.per_holder.units"])),
        (each("5", "hedera:sandbox/hbar"), named(["amount_rule.per_holder.asset"])),
    ]
}

/// Bad terms of what comes off, each with the fields that are wrong.
fn wrong_deductions(good: &CreateDistributionRequest, code: &str) -> Wrong {
    let less = |percent: &str, rounding: Rounding, rates: Vec<WithholdingRate>| {
        let terms = Withholding { default_percent: percent.to_owned(), rates, rounding: rounding.into() };
        CreateDistributionRequest { withholding: Some(terms), ..good.clone() }
    };
    let rates = |rates: Vec<WithholdingRate>| less("5", Rounding::Up, rates);
    let minimum = |units: &str, asset: &str| CreateDistributionRequest {
        minimum_amount: Some(Amount { units: units.to_owned(), asset: asset.to_owned() }),
        ..good.clone()
    };
    let unknown = Withholding { default_percent: "5".to_owned(), rates: vec![], rounding: 99 };
    let unknown = CreateDistributionRequest { withholding: Some(unknown), ..good.clone() };
    let long = WithholdingRate { group: "g".repeat(101), ..rate("5", &["0.0.7"]) };
    let thousand_and_one = (0..1_001).map(|number| rate("5", &[&format!("0.0.{}", 100_000 + number)]));
    let many: Vec<String> = (0..10_001).map(|number| format!("0.0.{}", 100_000 + number)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    vec![
        (minimum("05", code), named(["minimum_amount.units"])),
        (minimum("9223372036854775808", code), named(["minimum_amount.units"])),
        (minimum("5", "iso4217:USD"), named(["minimum_amount.asset"])),
        (less("101", Rounding::Up, vec![]), named(["withholding.default_percent"])),
        (less("", Rounding::Up, vec![]), named(["withholding.default_percent"])),
        (less("26.3750", Rounding::Up, vec![]), named(["withholding.default_percent"])),
        (less("5", Rounding::Unspecified, vec![]), named(["withholding.rounding"])),
        (unknown, named(["withholding.rounding"])),
        (rates(vec![long]), named(["withholding.rates[0].group"])),
        (rates(vec![rate("100.01", &["0.0.7"])]), named(["withholding.rates[0].percent"])),
        (rates(vec![rate("05", &["0.0.7"])]), named(["withholding.rates[0].percent"])),
        (rates(vec![rate("5", &["0.0.7", "0.0.7"])]), named(["withholding.rates[0].accounts[1]"])),
        (rates(thousand_and_one.collect()), named(["withholding.rates"])),
        (rates(vec![rate("5", &[])]), named(["withholding.rates[0].accounts"])),
        (
            rates(vec![rate("5", &["0.0.7"]), rate("6", &["0.0.8", "0.0.7"])]),
            named(["withholding.rates[1].accounts[1]"]),
        ),
        (
            rates(vec![rate("-5", &["0.0.x"])]),
            named(["withholding.rates[0].percent", "withholding.rates[0].accounts[0]"]),
        ),
        (rates(vec![rate("5", &many)]), named(["withholding.rates"])),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_amounts_is_named_by_its_field_and_nothing_is_created() {
    let (harness, edge, control) = start().await;
    let world = World::build(&edge, &control, Sort::Shares, &[5]).await;
    let good = world.each_from(10, 5);
    let code = world.scenario.payment_code.as_str();
    let table = [wrong_shares(&good, code), wrong_deductions(&good, code)].concat();
    let count = async || {
        let request = ListDistributionsRequest { page_size: 1_000, ..ListDistributionsRequest::default() };
        world
            .edge
            .distributions()
            .list_distributions(request)
            .await
            .expect("a page")
            .into_inner()
            .distributions
            .len()
    };
    let before = count().await;
    for (request, expected) in table {
        for validate_only in [true, false] {
            let request = CreateDistributionRequest { validate_only, ..request.clone() };
            let rule =
                (request.amount_rule.clone(), request.withholding.as_ref().map(|terms| terms.rates.len()));
            let refused =
                world.edge.distributions().create_distribution(request).await.expect_err("it is wrong");
            assert_eq!(fields(&refused), expected, "{rule:?}");
        }
    }
    assert_eq!(count().await, before);
    a_list_is_asked_for_by_an_asset(&world).await;
    harness.stop().await.expect("stopped");
}

async fn a_list_is_asked_for_by_an_asset(world: &World) {
    let good = ListCarryForwardsRequest { asset_id: world.scenario.asset_id.clone(), ..Default::default() };
    let table = [
        (ListCarryForwardsRequest { asset_id: "ast_1".to_owned(), ..good.clone() }, "asset_id"),
        (ListCarryForwardsRequest { asset_id: String::new(), ..good.clone() }, "asset_id"),
        (ListCarryForwardsRequest { account: "0.0".to_owned(), ..good.clone() }, "account"),
        (ListCarryForwardsRequest { payment_token: "HBAR".to_owned(), ..good.clone() }, "payment_token"),
        (ListCarryForwardsRequest { page_size: -1, ..good.clone() }, "page_size"),
    ];
    for (request, field) in table {
        let refused = world.edge.distributions().list_carry_forwards(request).await.expect_err("it is wrong");
        assert_eq!(fields(&refused), named([field]));
    }
    world.pay(world.each_from(1, 100)).await;
    world.pay(world.each_from(1, 100)).await;
    let first = ListCarryForwardsRequest { page_size: 1, ..good.clone() };
    let page = world.edge.distributions().list_carry_forwards(first.clone()).await.expect("a page");
    let next = page.into_inner().next_page_token;
    let rest = ListCarryForwardsRequest { page_token: next.clone(), ..first };
    let rest = world.edge.distributions().list_carry_forwards(rest).await.expect("a page").into_inner();
    assert_eq!((rest.carry_forwards.len(), rest.next_page_token.as_str()), (1, ""));
    let another = ListCarryForwardsRequest { account: world.holders[0].clone(), ..good.clone() };
    let table = [(good, "x".to_owned(), "PAGE_TOKEN_INVALID"), (another, next, "PAGE_TOKEN_MISMATCH")];
    for (of, token, reason) in table {
        let strange = ListCarryForwardsRequest { page_token: token, ..of };
        let refused = world.edge.distributions().list_carry_forwards(strange).await.expect_err("not its own");
        assert_eq!(seen::reason(&refused), reason);
    }
}
