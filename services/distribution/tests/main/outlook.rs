//! What a preview says about others: payees at the rail, distributions before, beside and after.

use proto::distribution::v1 as pb;
use proto::holder::v1::HolderKind;
use tonic::Status;

use crate::schedule_stage::{DAY, FIRST, at};
use crate::stage::{Stage, fields};
use crate::support::snapshot_holder;

async fn preview(stage: &Stage, request: &pb::CreateDistributionRequest) -> Result<pb::Preview, Status> {
    let request = pb::CreateDistributionRequest { validate_only: true, ..request.clone() };
    let answer = stage.client().create_distribution(stage.read(request)).await?.into_inner();
    Ok(answer.preview.expect("a preview"))
}

fn messages(preview: &pb::Preview, reason: &str) -> Vec<String> {
    let of_it = preview.findings.iter().filter(|finding| finding.reason == reason);
    of_it.inspect(|finding| assert!(!finding.blocking, "{finding:?}")).map(|f| f.message.clone()).collect()
}

/// Ten units for each whole token held, so that amounts follow balances and nothing else.
fn per_token(stage: &Stage) -> pb::CreateDistributionRequest {
    let rule = pb::amount_rule::Rule::PerToken("0.001".to_owned());
    pb::CreateDistributionRequest {
        amount_rule: Some(pb::AmountRule { rule: Some(rule) }),
        ..stage.request()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payees_that_cannot_receive_are_counted_and_named_largest_first() {
    let stage = Stage::new().await;
    let reasons =
        [("0.0.1002", "TOKEN_NOT_ASSOCIATED_TO_ACCOUNT"), ("0.0.65536", "ACCOUNT_FROZEN_FOR_TOKEN")];
    stage.world.facts().problems = reasons.map(|(who, why)| (who.to_owned(), why.to_owned())).into();
    let found = preview(&stage, &per_token(&stage)).await.expect("a preview");
    let checks = found.payee_checks.clone().expect("checks");
    assert_eq!((checks.checked, checks.unchecked, checks.unpayable), (4, 0, 2));
    let told: Vec<(&str, &str, &str)> = checks
        .largest
        .iter()
        .map(|payee| {
            let problem = payee.problem.as_ref().expect("a problem");
            assert!(!problem.hint.is_empty());
            (payee.account.as_str(), payee.units.as_str(), problem.reason.as_str())
        })
        .collect();
    let expected = [
        ("0.0.1002", "1000", "TOKEN_NOT_ASSOCIATED_TO_ACCOUNT"),
        ("0.0.65536", "770", "ACCOUNT_FROZEN_FOR_TOKEN"),
    ];
    assert_eq!(told, expected);
    assert_eq!(checks.unpayable_amount.expect("a sum").units, "1770");
    let said = messages(&found, "PAYEES_CANNOT_RECEIVE");
    assert!(said[0].starts_with("2 of 4 checked payees"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_not_checked_is_said_and_a_network_that_cannot_be_asked_fails_no_preview() {
    let stage = Stage::new().await;
    let many =
        (0..2_600).map(|place| snapshot_holder(5_000 + place, u128::from(place) + 1, HolderKind::Account));
    {
        let mut facts = stage.world.facts();
        facts.holders = many.collect();
        facts.total_supply = 10_000_000;
        // The smallest is beyond what is asked about.
        facts.problems.insert("0.0.5000".to_owned(), "ACCOUNT_DELETED".to_owned());
        facts.problems.insert("0.0.7599".to_owned(), "ACCOUNT_DELETED".to_owned());
        facts.funding_units = 1_000_000_000;
    }
    let found = preview(&stage, &per_token(&stage)).await.expect("a preview");
    let checks = found.payee_checks.clone().expect("checks");
    assert_eq!((checks.checked, checks.unchecked, checks.unpayable), (2_000, 600, 1));
    assert!(messages(&found, "PAYEES_NOT_CHECKED")[0].starts_with("600 payees were not checked"));
    stage.world.facts().checks_left = 3;
    let found = preview(&stage, &per_token(&stage)).await.expect("a preview");
    let checks = found.payee_checks.clone().expect("checks");
    assert_eq!((checks.checked, checks.unchecked), (750, 1_850), "what was answered counts");
    let found = preview(&stage, &per_token(&stage)).await.expect("a preview");
    assert_eq!(found.payee_checks.expect("checks").checked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distribution_that_was_there_before_is_named_and_keeps_nobody_from_paying() {
    let stage = Stage::new().await;
    let request =
        pb::CreateDistributionRequest { record_time: Some(at(FIRST - 100 * DAY)), ..per_token(&stage) };
    let first = stage.create("a", request.clone()).await.expect("created");
    stage.until(&first.id, pb::DistributionState::Upcoming).await;
    let renamed = pb::CreateDistributionRequest { label: "Again".to_owned(), ..request.clone() };
    let found = preview(&stage, &renamed).await.expect("a preview").possible_duplicates;
    assert_eq!(found.len(), 1);
    let duplicate = &found[0];
    assert_eq!((&duplicate.distribution_id, duplicate.same_record_time), (&first.id, true));
    assert!(duplicate.same_amounts);
    let pool = pb::CreateDistributionRequest { amount_rule: stage.request().amount_rule, ..renamed.clone() };
    let found = preview(&stage, &pool).await.expect("a preview").possible_duplicates;
    assert!(!found[0].same_amounts, "the same payees, other amounts");
    let same_label = pb::CreateDistributionRequest { record_time: Some(at(FIRST - 90 * DAY)), ..request };
    let found = preview(&stage, &same_label).await.expect("a preview");
    assert!(!found.possible_duplicates[0].same_record_time);
    let said = messages(&found, "POSSIBLE_DUPLICATE");
    assert!(said[0].contains(&first.id) && said[0].contains("same label"), "{said:?}");
    let neither = pb::CreateDistributionRequest { label: "Other".to_owned(), ..same_label };
    assert!(preview(&stage, &neither).await.expect("a preview").possible_duplicates.is_empty());
    stage.world.facts().holders.pop();
    let fewer = preview(&stage, &renamed).await.expect("a preview").possible_duplicates;
    assert!(fewer.is_empty(), "other payees");
    stage.cancel("c", &first.id).await.expect("cancelled");
    stage.until(&first.id, pb::DistributionState::Cancelled).await;
    assert!(preview(&stage, &renamed).await.expect("a preview").comparison.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_different_from_the_previous_occurrence_is_told_beyond_the_threshold() {
    let stage = Stage::new().await;
    assert!(preview(&stage, &per_token(&stage)).await.expect("a preview").comparison.is_none());
    let first = stage.create("a", per_token(&stage)).await.expect("created");
    stage.until(&first.id, pb::DistributionState::Upcoming).await;
    let same = preview(&stage, &per_token(&stage)).await.expect("a preview").comparison.expect("one");
    let counts = [&same.new_payees, &same.gone_payees, &same.changed_payees]
        .map(|difference| difference.as_ref().expect("a difference").count);
    assert_eq!((same.distribution_id, counts), (first.id, [0, 0, 0]));
    {
        let mut facts = stage.world.facts();
        facts.holders[1].balance = "121".to_owned();
        facts.holders[2] = snapshot_holder(1004, 90, HolderKind::Account);
        facts.holders[0].balance = "119".to_owned();
    }
    let request = per_token(&stage);
    let found = preview(&stage, &request).await.expect("a preview").comparison.expect("one");
    let rows = |difference: &Option<pb::Difference>| {
        let rows = difference.as_ref().expect("a difference").largest.iter();
        rows.map(|payee| format!("{} {}>{}", payee.account, payee.units_before, payee.units_now))
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&found.new_payees), ["0.0.1004 0>900"]);
    assert_eq!(rows(&found.gone_payees), ["0.0.1003 1000>0"]);
    assert_eq!(rows(&found.changed_payees), ["0.0.1002 1000>1210"]);
    assert_eq!((found.payee_count_before, found.threshold_ppm), (4, 200_000));
    assert_eq!(found.payable_before.expect("a sum").units, "3770");
    let finer = pb::CreateDistributionRequest { change_threshold_ppm: 150_000, ..request.clone() };
    let found = preview(&stage, &finer).await.expect("a preview").comparison.expect("one");
    assert_eq!(rows(&found.changed_payees), ["0.0.1002 1000>1210", "0.0.1001 1000>1190"]);
    let refused = pb::CreateDistributionRequest { change_threshold_ppm: 1_000_000_001, ..request };
    let refused = preview(&stage, &refused).await.expect_err("out of range");
    assert_eq!(fields(&refused), [("change_threshold_ppm".to_owned(), "OUT_OF_RANGE".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_date_at_which_funds_will_not_do_is_named() {
    let stage = Stage::in_may().await;
    stage.schedule("s", stage.daily(pb::CatchUpPolicy::Skip)).await.expect("a schedule");
    let waiting = stage.create("a", stage.request()).await.expect("created");
    stage.until(&waiting.id, pb::DistributionState::Upcoming).await;
    stage.world.facts().funding_units = 30;
    let found = preview(&stage, &stage.request()).await.expect("a preview");
    let forecast = found.funding_forecast.clone().expect("a forecast");
    assert_eq!((forecast.entries.len(), forecast.truncated), (14, false));
    let first: Vec<(&str, &str, bool)> = forecast.entries[..5]
        .iter()
        .map(|entry| (entry.units.as_str(), entry.running_units.as_str(), entry.estimated))
        .collect();
    let expected =
        [("5", "5", false), ("5", "10", false), ("10", "20", true), ("10", "30", true), ("10", "40", true)];
    assert_eq!(first, expected, "what is calculated is known, what a schedule will pay is its pool");
    assert_eq!(forecast.entries[0].distribution_id, waiting.id);
    assert_eq!(forecast.short_time.map(|time| time.seconds), Some(FIRST + 2 * DAY));
    let said = messages(&found, "FUNDING_SHORT_AHEAD");
    assert!(said[0].contains("need 40 of the 30") && said[0].contains("2026-05-03T09:00:00Z"), "{said:?}");
    stage.world.facts().funding_units = 130;
    let found = preview(&stage, &stage.request()).await.expect("a preview");
    assert!(messages(&found, "FUNDING_SHORT_AHEAD").is_empty(), "exactly enough for what is looked at");
    let rate = found.fee_rate.expect("a rate");
    assert_eq!((rate.hbar_equivalent, rate.cent_equivalent), (30_000, 360_000));
    assert_eq!(rate.expected_fees_microdollars, "1", "400 tinybars at 12 cents an HBAR, rounded up");
}
