//! What each holder gets by each rule, and what is withheld of it, by numbers worked out here.

use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    AmountRule, CreateDistributionRequest, Distribution, DistributionState, Entitlement, HolderTreatment,
    PercentOfValue, Rounding, Withholding, WithholdingRate,
};
use test_harness::Terms;

use crate::world::{World, entitlements, is, number, totals};

/// A day in 2099.
const FAR_S: i64 = 4_072_464_000;
const THOUSANDTHS_OF_A_PERCENT: u128 = 100_000;

fn digits(text: &str) -> u128 {
    text.parse().expect("digits")
}

/// Thousandths of a percent of a gross amount, rounded so.
fn part(gross: u128, thousandths: u128, rounding: Rounding) -> u128 {
    let (whole, rest) =
        (gross * thousandths / THOUSANDTHS_OF_A_PERCENT, gross * thousandths % THOUSANDTHS_OF_A_PERCENT);
    let up = match rounding {
        Rounding::Up => rest > 0,
        Rounding::HalfUp => 2 * rest >= THOUSANDTHS_OF_A_PERCENT,
        Rounding::Down | Rounding::Unspecified => false,
    };
    whole + u128::from(up)
}

/// Sums of what is owed against each other, and against what the ledger shows to have left the funding account.
fn assert_sums(distribution: &Distribution, owed: &[Entitlement], left: u128) {
    let sums = totals(distribution);
    let of = |amount: &Option<_>| number(amount.as_ref());
    assert_eq!(of(&sums.pool), of(&sums.entitled) + of(&sums.residue));
    assert_eq!(of(&sums.entitled), of(&sums.net) + of(&sums.withheld) + of(&sums.carried_forward));
    assert_eq!(of(&sums.payable), of(&sums.net) + of(&sums.brought_forward));
    assert_eq!(of(&sums.payable), left, "by the ledger");
    let sum = |part: fn(&Entitlement) -> &String| owed.iter().map(|one| digits(part(one))).sum::<u128>();
    assert_eq!(of(&sums.withheld), sum(|one| &one.withheld_units));
    assert_eq!(of(&sums.carried_forward), sum(|one| &one.carried_forward_units));
    let gross = owed.iter().filter(|one| one.treatment() == HolderTreatment::Pay);
    assert_eq!(of(&sums.entitled), gross.map(|one| digits(&one.gross_units)).sum::<u128>());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_and_each_rounding_pays_what_integers_say_and_the_sums_hold_by_the_ledger() {
    let world = World::start(Terms { holders: 12, maturity_s: Some(FAR_S), ..Terms::default() }).await;
    let rules = [
        // 2.5 % of the bond's 1.05 dollars, and 0.1 % of 200 dollars.
        (PercentOfValue { percent: "2.5".to_owned(), value_per_token: String::new() }, 26_250),
        (PercentOfValue { percent: "0.1".to_owned(), value_per_token: "200".to_owned() }, 200_000),
    ];
    let roundings = [Rounding::HalfUp, Rounding::Up];
    let mut before = 0;
    for ((of_value, millionths), rounding) in rules.into_iter().zip(roundings) {
        let rate = |percent: &str, accounts: &[String]| WithholdingRate {
            group: "own".to_owned(),
            percent: percent.to_owned(),
            accounts: accounts.to_vec(),
        };
        let withholding = Withholding {
            default_percent: "26.375".to_owned(),
            rates: vec![rate("15", &world.holders[..3]), rate("100", &world.holders[3..4])],
            rounding: rounding.into(),
        };
        let request = CreateDistributionRequest {
            amount_rule: Some(AmountRule { rule: Some(Rule::PercentOfValue(of_value)) }),
            withholding: Some(withholding.clone()),
            ..world.scenario.request.clone()
        };
        let paid = world.pay(request).await;
        assert_eq!(paid.withholding.as_ref(), Some(&withholding));
        let owed = entitlements(&world.edge, &paid.id).await;
        for one in owed.iter().filter(|one| one.treatment() == HolderTreatment::Pay) {
            // The holding has 8 decimals, what is paid has 6.
            let gross = digits(&one.balance) * millionths / 100_000_000;
            let thousandths = match world.holders.iter().position(|holder| *holder == one.account) {
                Some(0..3) => 15_000,
                Some(3) => 100_000,
                _ => 26_375,
            };
            let withheld = part(gross, thousandths, rounding);
            let seen = (digits(&one.gross_units), digits(&one.withheld_units), digits(&one.units));
            assert_eq!(seen, (gross, withheld, gross - withheld), "{one:?}");
        }
        let left: u128 = world.paid().await.into_values().flatten().map(u128::from).sum();
        assert_sums(&paid, &owed, left - before);
        before = left;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_all_withheld_is_told_so_and_of_a_list_and_a_redemption_nothing_comes_off() {
    let world = World::of(2).await;
    let all =
        Withholding { default_percent: "100".to_owned(), rates: Vec::new(), rounding: Rounding::Down.into() };
    let request = CreateDistributionRequest { withholding: Some(all), ..world.each(50, 0) };
    let created = world.create(request).await;
    let owed = entitlements(&world.edge, &created.id).await;
    let seen: Vec<_> = owed.iter().map(|one| (one.reason.as_str(), one.withheld_units.as_str())).collect();
    assert_eq!(seen, [("WITHHELD", "50"); 2]);
    assert_eq!((totals(&created).payee_count, totals(&created).zero_count), (0, 2));
    let request = proto::distribution::v1::ExecuteDistributionRequest { distribution_id: created.id.clone() };
    let refused = world.edge.distributions().execute_distribution(request).await.expect_err("nobody is paid");
    assert!(refused.message().contains("nobody"), "{refused:?}");
    world.until(&created.id, is(DistributionState::Upcoming)).await;
    world.stop().await;
}
