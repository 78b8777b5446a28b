//! Amounts in schedules, and what has to be approved of them.

use std::time::{Duration, SystemTime};

use bursar_tests::seen;
use proto::distribution::v1::timing::{Recurrence, Start};
use proto::distribution::v1::{
    ApprovalTier, CatchUpPolicy, CreateScheduleRequest, Distribution, DistributionState, Frequency,
    ListOccurrencesRequest, Rounding, ScheduleTerms, SetApprovalPolicyRequest, Timing,
    UpdateDistributionRequest, UpdateScheduleRequest, Withholding, WithholdingRate,
};
use test_harness::{HarnessError, terms_of, wait};

use crate::world::{Sort, World, start, units};

const WITHIN: Duration = Duration::from_mins(1);

fn a_quarter() -> Withholding {
    Withholding { default_percent: "25".to_owned(), rates: Vec::new(), rounding: Rounding::Down.into() }
}

/// Due in a second, and every hour from then on.
fn soon() -> Timing {
    let at = SystemTime::now() + Duration::from_secs(1);
    Timing {
        recurrence: Some(Recurrence::Frequency(Frequency::Hourly.into())),
        time_zone: "UTC".to_owned(),
        start: Some(Start::StartTime(at.into())),
        ..Timing::default()
    }
}

/// What is paid each time: less than the minimum, unless something is brought forward.
fn terms(world: &World) -> ScheduleTerms {
    let own = WithholdingRate {
        group: "charities".to_owned(),
        percent: "0".to_owned(),
        accounts: vec![world.holders[1].clone()],
    };
    ScheduleTerms {
        withholding: Some(Withholding { rates: vec![own], ..a_quarter() }),
        execute_now: true,
        ..terms_of(world.each_from(40, 60))
    }
}

/// The distribution of so many-th occurrence of a schedule, once it is paid.
async fn fired(world: &World, schedule: &str, number: usize) -> Distribution {
    let id = wait::until("an occurrence", WITHIN, async || {
        let request = ListOccurrencesRequest { schedule_id: schedule.to_owned(), ..Default::default() };
        let found = world.edge.schedules().list_occurrences(request).await.map_err(HarnessError::from)?;
        let mut fired = found.into_inner().occurrences;
        fired.retain(|one| !one.distribution_id.is_empty());
        fired.sort_by_key(|one| one.due_time.map(|due| (due.seconds, due.nanos)));
        Ok::<_, HarnessError>(fired.get(number - 1).map(|one| one.distribution_id.clone()))
    });
    world.until(&id.await.expect("in time"), DistributionState::Completed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedules_terms_come_off_each_occurrence_and_a_later_one_pays_what_the_first_carried_forward() {
    let (harness, edge, control) = start().await;
    let world = World::build(&edge, &control, Sort::Shares, &[5, 5]).await;
    let asked = terms(&world);
    let request = CreateScheduleRequest {
        terms: Some(asked.clone()),
        timing: Some(soon()),
        catch_up: CatchUpPolicy::All.into(),
        ..CreateScheduleRequest::default()
    };
    let created = edge.schedules().create_schedule(request).await.expect("created").into_inner();
    let created = created.schedule.expect("a schedule");
    let first = fired(&world, &created.id, 1).await;
    assert_eq!(world.open().await, [30, 40]);
    // The same schedule falls due once more, long before an hour is over.
    let sooner = UpdateScheduleRequest {
        schedule_id: created.id.clone(),
        version: 1,
        timing: Some(soon()),
        ..UpdateScheduleRequest::default()
    };
    edge.schedules().update_schedule(sooner).await.expect("changed");
    let second = fired(&world, &created.id, 2).await;
    assert_eq!(world.paid().await, [(1, 60), (1, 80)]);
    let stored = created.terms.expect("terms");
    let said = (asked.withholding, asked.minimum_amount);
    assert_eq!((stored.withholding, stored.minimum_amount), said);
    assert_ne!(first.id, second.id);
    for occurrence in [first, second] {
        assert_eq!((occurrence.withholding, occurrence.minimum_amount), said);
    }
    harness.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_with_all_that_is_brought_forward_decides_who_has_to_approve() {
    let (harness, edge, control) = start().await;
    let world = World::build(&edge, &control, Sort::Shares, &[5, 5]).await;
    let policy = SetApprovalPolicyRequest {
        payment_token: world.scenario.payment_token_id.clone(),
        tiers: vec![
            ApprovalTier { from_units: "0".to_owned(), approvers: 0 },
            ApprovalTier { from_units: "120".to_owned(), approvers: 1 },
        ],
        ..SetApprovalPolicyRequest::default()
    };
    edge.approvals().set_approval_policy(policy).await.expect("set");
    // 80 are owed and nothing is paid; then 80 of its own and 80 that are brought forward.
    world.pay(world.each_from(40, 100)).await;
    let created = world.create(world.each(40)).await;
    assert_eq!(created.state(), DistributionState::PendingApproval);
    assert_eq!(units(created.entitlements.and_then(|found| found.payable).as_ref()), 160);
    let change = UpdateDistributionRequest {
        distribution_id: created.id.clone(),
        version: 1,
        withholding: Some(Withholding { default_percent: "100".to_owned(), ..a_quarter() }),
        ..UpdateDistributionRequest::default()
    };
    edge.distributions().update_distribution(change).await.expect("changed");
    let changed = world.until(&created.id, DistributionState::Upcoming).await;
    assert!(changed.approval.is_none() && changed.void_approvals.len() == 1, "{changed:?}");
    assert_eq!(units(changed.entitlements.and_then(|found| found.payable).as_ref()), 80);
    seen::execute(&edge, &created.id).await;
    world.until(&created.id, DistributionState::Completed).await;
    assert_eq!(world.paid().await, [(1, 40), (1, 40)], "all of its own is withheld");
    harness.stop().await.expect("stopped");
}
