//! Redemptions: a bond's principal is paid once per unit held.
//!
//! The world's payees hold 1.00, 1.00, 1.00 and 0.77 whole tokens; a whole one is owed 1000.50 dollars. A contract
//! with 3.33 is held.

use std::time::Duration;

use proto::distribution::v1 as pb;
use proto::execution::v1::RunState;
use proto::holder::v1::{HolderKind, SnapshotState};
use tonic::Code;

use crate::redeem::Units;
use crate::stage::{Stage, fields, reason};
use crate::support::{Handed, World, bond_terms, snapshot_holder};

use pb::DistributionState::{Cancelled, Completed, Failed, Ongoing, Upcoming};

const WHOLE: u128 = 1_000_500_000;
/// 0.77 of it.
const PART: u128 = 770_385_000;

fn all() -> Vec<(String, u128)> {
    [("0.0.1001", WHOLE), ("0.0.1002", WHOLE), ("0.0.1003", WHOLE), ("0.0.65536", PART)]
        .map(|(account, units)| (account.to_owned(), units))
        .into()
}

fn units(reserved: i64, redeemed: i64, released: i64) -> Units {
    Units { reserved, redeemed, released }
}

fn now(request: pb::CreateRedemptionRequest) -> pb::CreateRedemptionRequest {
    pb::CreateRedemptionRequest { execute_now: true, ..request }
}

#[tokio::test(flavor = "multi_thread")]
async fn principal_is_paid_once_and_a_second_redemption_pays_nothing() {
    let stage = Stage::new().await;
    stage.rich();
    let created = stage.redeem("c", stage.redemption()).await.expect("created");
    assert_eq!((created.kind(), created.accounts.len()), (pb::DistributionKind::Redemption, 0));
    let calculated = stage.until(&created.id, Upcoming).await;
    assert_eq!(stage.owed(&created.id).await, all());
    let totals = calculated.entitlements.expect("numbers");
    assert_eq!((totals.payee_count, totals.held_count, totals.excluded_count), (4, 1, 2));
    assert_eq!(stage.units().await, units(377, 0, 0), "reserved before anything is paid");
    stage.execute_redemption("e", &created.id).await.expect("executed");
    stage.until(&created.id, Completed).await;
    assert_eq!(stage.units().await, units(0, 377, 0));

    let again = stage.redeem("c2", stage.redemption()).await.expect("created");
    let calculated = stage.until(&again.id, Upcoming).await;
    let totals = calculated.entitlements.expect("numbers");
    assert_eq!((totals.payee_count, totals.held_count, totals.excluded_count), (0, 1, 6));
    let reasons: Vec<_> = stage.entitlements(&again.id).await.into_iter().map(|one| one.reason).collect();
    assert_eq!(reasons.iter().filter(|reason| *reason == "REDEEMED").count(), 4, "{reasons:?}");
    let refused = stage.execute_redemption("e2", &again.id).await.expect_err("nobody is paid");
    assert_eq!(reason(&refused), "NO_PAYEES");
    assert_eq!(stage.world.facts().handed, [Handed::Started(created.run_id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_bought_more_is_paid_for_that_and_who_sold_for_nothing() {
    let stage = Stage::new().await;
    stage.rich();
    let first = stage.redeem("c", now(stage.redemption())).await.expect("created");
    stage.until(&first.id, Completed).await;
    {
        let mut facts = stage.world.facts();
        facts.total_supply += 100;
        for (account, balance) in [("0.0.1001", "200"), ("0.0.1002", "40")] {
            let holder = facts.holders.iter_mut().find(|holder| holder.account == account);
            holder.expect("a holder").balance = balance.to_owned();
        }
    }
    let second = stage.redeem("c2", now(stage.redemption())).await.expect("created");
    stage.until(&second.id, Completed).await;
    assert_eq!(stage.owed(&second.id).await, [("0.0.1001".to_owned(), WHOLE)]);
    let counted = stage.entitlements(&second.id).await.remove(0);
    assert_eq!((counted.balance.as_str(), counted.counted_balance.as_str()), ("200", "100"));
    assert_eq!(stage.units().await, units(0, 477, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_holder_is_redeemed_and_then_the_rest_without_it() {
    let stage = Stage::new().await;
    stage.rich();
    stage.world.facts().former_holders.insert("0.0.9000".to_owned());
    // One holds nothing any more, which is no mistake.
    let accounts = vec!["0.0.1002".to_owned(), "0.0.9000".to_owned()];
    let request = pb::CreateRedemptionRequest { accounts: accounts.clone(), ..now(stage.redemption()) };
    let one = stage.redeem("c", request).await.expect("created");
    assert_eq!(one.accounts, accounts);
    let paid = stage.until(&one.id, Completed).await;
    assert_eq!(paid.accounts, accounts);
    assert_eq!(stage.owed(&one.id).await, [("0.0.1002".to_owned(), WHOLE)]);
    assert_eq!(stage.entitlements(&one.id).await.len(), 1, "it is of these holders alone");

    let rest = stage.redeem("c2", now(stage.redemption())).await.expect("created");
    stage.until(&rest.id, Completed).await;
    let without: Vec<_> = all().into_iter().filter(|(account, _)| account != "0.0.1002").collect();
    assert_eq!(stage.owed(&rest.id).await, without);
    assert_eq!(stage.units().await, units(0, 377, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn redemptions_that_are_calculated_at_the_same_time_count_each_unit_once() {
    let mut stage = Stage::new().await;
    stage.add_replica();
    stage.rich();
    // All see the same balances, and calculate when the snapshots get ready together.
    {
        let mut facts = stage.world.facts();
        facts.snapshot_state = SnapshotState::Running;
        facts.snapshot_age_s = 0;
    }
    let mut ids = Vec::new();
    for number in 0..6 {
        ids.push(stage.redeem(&format!("c{number}"), stage.redemption()).await.expect("created").id);
    }
    while stage.world.facts().snapshots_taken < ids.len() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stage.world.facts().snapshots.values_mut().for_each(|snapshot| {
        snapshot.consensus_ns = 1_795_188_269_000_000_000;
        snapshot.set_state(SnapshotState::Ready);
    });
    let mut payees = Vec::new();
    for id in &ids {
        let totals = stage.until(id, Upcoming).await.entitlements.expect("numbers");
        payees.push(totals.payee_count);
    }
    payees.sort_unstable();
    assert_eq!(payees, [0, 0, 0, 0, 0, 4], "one has all, the others saw that");
    assert_eq!(stage.units().await, units(377, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_calculated_from_older_balances_than_were_reserved_from_fails() {
    let stage = Stage::new().await;
    let newer = stage.redeem("c", stage.redemption()).await.expect("created");
    stage.until(&newer.id, Upcoming).await;
    stage.world.facts().snapshot_age_s = 3_600;
    let older = stage.redeem("c2", stage.redemption()).await.expect("created");
    let failed = stage.until(&older.id, Failed).await;
    assert_eq!(failed.failure.expect("why").reason, "REDEMPTION_OVERTAKEN");
    assert_eq!(stage.units().await, units(377, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redemption_that_is_cancelled_before_it_pays_gives_everything_back_once() {
    let stage = Stage::new().await;
    stage.rich();
    let first = stage.redeem("c", stage.redemption()).await.expect("created");
    stage.until(&first.id, Upcoming).await;
    stage.cancel_redemption("x", &first.id).await.expect("cancelled");
    stage.cancel_redemption("x2", &first.id).await.expect("it is cancelled");
    assert_eq!(stage.units().await, units(0, 0, 377));
    let second = stage.redeem("c2", now(stage.redemption())).await.expect("created");
    stage.until(&second.id, Completed).await;
    assert_eq!(stage.owed(&second.id).await, all());
    assert_eq!(stage.units().await, units(0, 377, 377));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_redemption_that_is_cancelled_while_it_pays_what_is_paid_stays_redeemed() {
    let stage = Stage::new().await;
    stage.rich();
    {
        let mut facts = stage.world.facts();
        facts.run_state = RunState::Running;
        facts.paid_when_cancelled = [0, 3].into();
    }
    let first = stage.redeem("c", now(stage.redemption())).await.expect("created");
    while stage.world.facts().runs.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stage.units().await, units(377, 0, 0));
    stage.cancel_redemption("x", &first.id).await.expect("cancelled");
    stage.until(&first.id, Cancelled).await;
    assert_eq!(stage.units().await, units(0, 177, 200));
    stage.world.facts().run_state = RunState::Completed;
    let second = stage.redeem("c2", now(stage.redemption())).await.expect("created");
    stage.until(&second.id, Completed).await;
    assert_eq!(stage.owed(&second.id).await, all()[1..3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_races_the_handover_gives_back_what_execution_never_gets() {
    let stage = Stage::new().await;
    stage.rich();
    World::close(&stage.world.before_start);
    let created = stage.redeem("c", now(stage.redemption())).await.expect("created");
    stage.until(&created.id, Ongoing).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    stage.cancel_redemption("x", &created.id).await.expect("cancelled");
    World::open(&stage.world.before_start);
    stage.until(&created.id, Cancelled).await;
    assert!(stage.world.facts().runs.is_empty(), "a run began after the cancel");
    assert_eq!(stage.units().await, units(0, 0, 377));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_stays_reserved_and_a_retry_reserves_it_once() {
    let stage = Stage::new().await;
    stage.rich();
    {
        let mut facts = stage.world.facts();
        (facts.run_state, facts.failed) = (RunState::Failed, 2);
    }
    let created = stage.redeem("c", now(stage.redemption())).await.expect("created");
    stage.until(&created.id, Failed).await;
    assert_eq!(stage.units().await, units(377, 0, 0));
    let meanwhile = stage.redeem("m", stage.redemption()).await.expect("created");
    stage.until(&meanwhile.id, Upcoming).await;
    assert!(stage.owed(&meanwhile.id).await.is_empty(), "what failed can still be paid");
    stage.world.facts().run_state = RunState::Completed;
    assert_eq!(stage.retry_redemption("r", &created.id).await.expect("again").retried, 2);
    stage.until(&created.id, Completed).await;
    assert_eq!(stage.units().await, units(0, 377, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_calculation_reserves_nothing_and_its_retry_reserves_once() {
    let stage = Stage::new().await;
    stage.world.facts().snapshot_state = SnapshotState::Failed;
    let created = stage.redeem("c", stage.redemption()).await.expect("created");
    stage.until(&created.id, Failed).await;
    assert_eq!(stage.units().await, units(0, 0, 0));
    stage.world.facts().snapshot_state = SnapshotState::Ready;
    stage.retry_redemption("r", &created.id).await.expect("again");
    stage.until(&created.id, Upcoming).await;
    assert_eq!(stage.units().await, units(377, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_killed_in_the_middle_of_a_handover_pays_nobody_twice() {
    let mut stage = Stage::new().await;
    stage.rich();
    World::close(&stage.world.before_answer);
    let created = stage.redeem("c", now(stage.redemption())).await.expect("created");
    while stage.world.facts().runs.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stage.replicas.remove(0).kill();
    World::open(&stage.world.before_answer);
    stage.add_replica();
    stage.until(&created.id, Completed).await;
    assert_eq!(stage.world.facts().handed, [Handed::Started(created.run_id)]);
    assert_eq!(stage.units().await, units(0, 377, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_moved_after_they_were_redeemed_take_no_more_than_there_ever_was() {
    let stage = Stage::new().await;
    stage.rich();
    let first = stage.redeem("c", now(stage.redemption())).await.expect("created");
    stage.until(&first.id, Completed).await;
    {
        let mut facts = stage.world.facts();
        // All there is has been paid for, is with one new holder, and would be paid for again.
        let supply = facts.total_supply;
        facts.holders = vec![snapshot_holder(5_005, supply, HolderKind::Account)];
    }
    let refused = stage.preview_redemption(stage.redemption()).await.expect_err("more than there is");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "REDEEMED_BEYOND_SUPPLY")
    );
    let second = stage.redeem("c2", now(stage.redemption())).await.expect("created");
    let failed = stage.until(&second.id, Failed).await;
    assert_eq!(failed.failure.expect("why").reason, "REDEEMED_BEYOND_SUPPLY");
    assert_eq!(stage.units().await, units(0, 377, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_is_owed_still_and_reserves_nothing() {
    let stage = Stage::new().await;
    stage.rich();
    let before = stage.preview_redemption(stage.redemption()).await.expect("a preview");
    let totals = before.entitlements.expect("numbers");
    assert_eq!((totals.payee_count, totals.entitled.expect("a sum").units.as_str()), (4, "3771885000"));
    assert_eq!(stage.units().await, units(0, 0, 0));
    let created = stage.redeem("c", now(stage.redemption())).await.expect("created");
    stage.until(&created.id, Completed).await;
    let after = stage.preview_redemption(stage.redemption()).await.expect("a preview");
    assert_eq!(after.entitlements.expect("numbers").payee_count, 0);
    assert!(after.findings.iter().any(|finding| finding.reason == "NO_PAYEES" && finding.blocking));
    let gone = after.unpaid_holders.iter().find(|holder| holder.account == "0.0.1001").expect("it is shown");
    assert_eq!((gone.reason.as_str(), gone.units.as_str()), ("REDEEMED", "0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_is_not_redeemed_before_it_matures_and_the_refusal_names_the_day() {
    let stage = Stage::new().await;
    let maturity_s = 4_072_464_000;
    let bond = stage.world.bond.to_string();
    stage.world.facts().assets.get_mut(&bond).expect("the bond").bond_terms =
        Some(bond_terms("100000", "iso4217:USD", maturity_s));
    let refused = stage.redeem("c", stage.redemption()).await.expect_err("not yet");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "BOND_NOT_MATURED"));
    assert!(refused.message().contains("2099-01-19T00:00:00Z"), "{}", refused.message());
    let refused = stage.preview_redemption(stage.redemption()).await.expect_err("not yet");
    assert_eq!(reason(&refused), "BOND_NOT_MATURED");
    assert_eq!(stage.world.facts().snapshots_taken, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_bond_or_cannot_be_paid_exactly_in_this_token_is_refused_by_its_field() {
    let stage = Stage::new().await;
    let shares =
        pb::CreateRedemptionRequest { asset_id: stage.world.equity.to_string(), ..stage.redemption() };
    let refused = stage.redeem("c", shares).await.expect_err("shares have no principal");
    assert_eq!(fields(&refused), [("asset_id".to_owned(), "NOT_A_BOND".to_owned())]);
    let words = tonic_types::StatusExt::get_details_bad_request(&refused).expect("details").field_violations;
    assert!(words[0].description.contains("EQUITY"), "{words:?}");

    let in_hbar = pb::CreateRedemptionRequest { payment_token: "hbar".to_owned(), ..stage.redemption() };
    let refused = stage.redeem("c", in_hbar).await.expect_err("HBAR is no dollar");
    assert_eq!(fields(&refused), [("payment_token".to_owned(), "NOT_THE_BONDS_CURRENCY".to_owned())]);
    stage.world.facts().payment_tokens.get_mut("0.0.7000").expect("a token").decimals = 0;
    let refused = stage.redeem("c", stage.redemption()).await.expect_err("there are 50 cents");
    assert_eq!(fields(&refused), [("payment_token".to_owned(), "NOMINAL_NOT_EXACT".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_cannot_be_are_named_by_their_places() {
    let stage = Stage::new().await;
    let accounts = ["0.0.1001", "1002", "0.0.77", "0.0.1001", "0.0.2000"].map(str::to_owned).into();
    let request = pb::CreateRedemptionRequest { accounts, ..stage.redemption() };
    let refused = stage.redeem("c", request).await.expect_err("most are wrong");
    let mut seen = fields(&refused);
    seen.sort();
    let expected = [
        ("accounts[1]", "MALFORMED"),
        ("accounts[2]", "NOT_A_HOLDER"),
        ("accounts[3]", "DUPLICATE"),
        ("accounts[4]", "NEVER_PAID"),
    ];
    let expected: Vec<_> = expected.map(|(field, why)| (field.to_owned(), why.to_owned())).into();
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_service_changes_what_is_the_others() {
    let stage = Stage::new().await;
    let dividend = stage.create("d", stage.request()).await.expect("created");
    let redemption = stage.redeem("r", stage.redemption()).await.expect("created");
    let (before, _) =
        (stage.until(&dividend.id, Upcoming).await, stage.until(&redemption.id, Upcoming).await);
    let refused = |status: tonic::Status, why: &str| {
        assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, why));
    };
    let id = redemption.id.as_str();
    refused(stage.execute("e", id).await.expect_err("it is CASHOUT's"), "IS_A_REDEMPTION");
    refused(stage.retry("e", id).await.expect_err("it is CASHOUT's"), "IS_A_REDEMPTION");
    refused(stage.cancel("e", id).await.expect_err("it is CASHOUT's"), "IS_A_REDEMPTION");
    let rerun = pb::RerunDistributionRequest { distribution_id: id.to_owned(), ..Default::default() };
    refused(stage.rerun("e", rerun).await.expect_err("it is nobody's"), "IS_A_REDEMPTION");
    let id = dividend.id.as_str();
    refused(stage.execute_redemption("e", id).await.expect_err("it is PAYOUT's"), "NOT_A_REDEMPTION");
    refused(stage.retry_redemption("e", id).await.expect_err("it is PAYOUT's"), "NOT_A_REDEMPTION");
    refused(stage.cancel_redemption("e", id).await.expect_err("it is PAYOUT's"), "NOT_A_REDEMPTION");
    assert_eq!(stage.get(id).await, before);
    assert_eq!(stage.get(&redemption.id).await.state(), Upcoming);
    let kind = pb::DistributionKind::Redemption.into();
    let request = pb::CreateDistributionRequest { kind, ..stage.request() };
    let refused = stage.create("k", request).await.expect_err("not here");
    assert_eq!(fields(&refused), [("kind".to_owned(), "IS_A_REDEMPTION".to_owned())]);
}
