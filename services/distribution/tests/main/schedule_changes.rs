//! What people do with schedules: pause, resume, end, skip, change.

use auth::Role;
use proto::distribution::v1 as pb;
use tonic::Code;

use crate::schedule_stage::{DAY, FIRST, at, fired, skipped};
use crate::stage::{Stage, fields, reason};

use pb::CatchUpPolicy::{All, RunOnce};
use pb::SkipCause;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_fires_while_it_is_paused_and_then_the_policy_says_what_was_missed() {
    let stage = Stage::in_may().await;
    let id = stage.schedule("s", stage.daily(RunOnce)).await.expect("created").id;
    let paused = stage.pause("p", &id).await.expect("paused");
    assert_eq!((paused.state(), paused.next_occurrence.clone()), (pb::ScheduleState::Paused, None));
    let by = paused.pause.clone().expect("somebody did");
    assert_eq!((by.by.as_str(), by.reason.as_str()), ("alice", "a look"));
    stage.go_to(FIRST + 3 * DAY);
    stage.rounds().await;
    assert_eq!(stage.occurrences(&id, false, 50).await, []);
    // Twice is harmless, also under another key.
    assert_eq!(stage.pause("p2", &id).await.expect("unchanged"), paused);
    let resumed = stage.resume("r", &id).await.expect("resumed");
    assert_eq!((resumed.state(), resumed.pause), (pb::ScheduleState::Active, None));
    let seen = stage.settled(&id, Some(5)).await;
    assert_eq!((fired(&seen), skipped(&seen)), (vec![4], vec![(1, 3, SkipCause::CatchUp)]));
    stage.resume("r2", &id).await.expect("unchanged");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_schedule_fires_nothing_and_nothing_can_be_done_with_it() {
    let stage = Stage::in_may().await;
    let id = stage.schedule("s", stage.daily(All)).await.expect("created").id;
    stage.go_to(FIRST);
    let seen = stage.settled(&id, Some(2)).await;
    let ended = stage.end("e", &id).await.expect("ended");
    assert_eq!(ended.end.expect("somebody did").reason, "enough");
    stage.go_to(FIRST + 3 * DAY);
    stage.rounds().await;
    assert_eq!(stage.occurrences(&id, false, 50).await, seen);
    stage.end("e2", &id).await.expect("unchanged");
    for refused in [
        stage.pause("p", &id).await,
        stage.resume("r", &id).await,
        stage.skip("k", &id, 7).await,
        stage
            .update(
                "u",
                pb::UpdateScheduleRequest { schedule_id: id.clone(), version: 1, ..Default::default() },
            )
            .await,
    ] {
        let refused = refused.expect_err("it has ended");
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, "ACTION_NOT_ALLOWED")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_occurrence_never_fires_and_the_others_do() {
    let stage = Stage::in_may().await;
    let id = stage.schedule("s", stage.daily(All)).await.expect("created").id;
    let after = stage.skip("k", &id, 1).await.expect("skipped");
    assert_eq!(after.next_occurrence.expect("it recurs").number, 2);
    stage.skip("k3", &id, 3).await.expect("skipped");
    let coming = stage.occurrences(&id, true, 4).await;
    let coming: Vec<_> = coming.iter().map(|one| (one.number, one.state())).collect();
    let (upcoming, skip) = (pb::OccurrenceState::Upcoming, pb::OccurrenceState::Skipped);
    assert_eq!(coming, [(1, skip), (2, upcoming), (3, skip), (4, upcoming)]);
    stage.go_to(FIRST + 3 * DAY);
    let seen = stage.settled(&id, Some(5)).await;
    assert_eq!(fired(&seen), [2, 4]);
    assert_eq!(skipped(&seen), [(1, 1, SkipCause::Person), (3, 3, SkipCause::Person)]);
    assert_eq!((seen[0].skipped_by.as_str(), seen[0].skip_reason.as_str()), ("alice", "a holiday of ours"));
    // Again is harmless; what fired cannot be skipped any more.
    stage.skip("again", &id, 3).await.expect("unchanged");
    let refused = stage.skip("late", &id, 4).await.expect_err("it has fired");
    assert_eq!(reason(&refused), "OCCURRENCE_PASSED");
    let message =
        pb::SkipOccurrenceRequest { schedule_id: id.clone(), series: 2, number: 9, ..Default::default() };
    let refused =
        stage.schedules().skip_occurrence(stage.write("o", message)).await.expect_err("no such series");
    assert_eq!(reason(&refused), "SERIES_CHANGED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_no_occurrence_has_cannot_be_skipped() {
    let stage = Stage::in_may().await;
    let mut request = stage.daily(All);
    let timing = request.timing.as_mut().expect("a timing");
    timing.end = Some(pb::timing::End::EndCount(4));
    timing.business_days = Some(pb::BusinessDays {
        rule: pb::BusinessDayRule::Following.into(),
        calendar: "weekends".to_owned(),
    });
    let id = stage.schedule("s", request).await.expect("created").id;
    // The second and the third of May are a weekend, and coincide with Monday, which is the fourth.
    for number in [2, 3, 5] {
        let refused = stage.skip(&format!("k{number}"), &id, number).await.expect_err("none has it");
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "OCCURRENCE_NOT_FOUND"));
    }
    stage.skip("k4", &id, 4).await.expect("Monday");
    stage.go_to(FIRST + 3 * DAY);
    assert_eq!(fired(&stage.settled(&id, None).await), [1]);
}

fn with_pool(terms: &pb::ScheduleTerms, units: &str) -> pb::ScheduleTerms {
    let mut terms = terms.clone();
    if let Some(pb::amount_rule::Rule::Pool(pool)) =
        terms.amount_rule.as_mut().and_then(|rule| rule.rule.as_mut())
    {
        units.clone_into(&mut pool.amount.as_mut().expect("an amount").units);
    }
    terms
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_counts_for_what_comes_next_and_what_fired_stays() {
    let stage = Stage::in_may().await;
    let created = stage.schedule("s", stage.daily(All)).await.expect("created");
    let id = created.id.clone();
    stage.go_to(FIRST);
    stage.settled(&id, Some(2)).await;
    let terms = with_pool(created.terms.as_ref().expect("terms"), "20");
    let change = pb::UpdateScheduleRequest {
        schedule_id: id.clone(),
        version: 1,
        terms: Some(pb::ScheduleTerms { label: "Twice".to_owned(), ..terms }),
        ..pb::UpdateScheduleRequest::default()
    };
    let changed = stage.update("u", change.clone()).await.expect("changed");
    assert_eq!((changed.version, changed.series), (2, 1));
    let refused = stage.update("u2", change).await.expect_err("the version is another");
    assert_eq!(reason(&refused), "VERSION_CHANGED");
    stage.go_to(FIRST + DAY);
    let seen = stage.settled(&id, Some(3)).await;
    assert_eq!(fired(&seen), [1, 2]);
    let mut pools = Vec::new();
    for one in &seen {
        let paid = stage.until(&one.distribution_id, pb::DistributionState::Completed).await;
        pools.push((paid.label, paid.entitlements.and_then(|found| found.pool).expect("calculated").units));
    }
    let expected = [("Dividend 2026", "10"), ("Twice", "20")];
    assert_eq!(pools, expected.map(|(label, units)| (label.to_owned(), units.to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_timing_is_a_new_series_of_which_only_the_future_fires() {
    let stage = Stage::in_may().await;
    let created = stage.schedule("s", stage.daily(All)).await.expect("created");
    let id = created.id.clone();
    stage.go_to(FIRST + DAY);
    stage.settled(&id, Some(3)).await;
    stage.skip("k", &id, 3).await.expect("skipped");
    // The same start, hourly: what its series had until this moment is settled, nine o'clock included.
    let mut timing = created.timing.clone().expect("a timing");
    timing.recurrence = Some(pb::timing::Recurrence::Frequency(pb::Frequency::Hourly.into()));
    let change = |version, timing: &pb::Timing| pb::UpdateScheduleRequest {
        schedule_id: id.clone(),
        version,
        timing: Some(timing.clone()),
        ..pb::UpdateScheduleRequest::default()
    };
    let changed = stage.update("u", change(1, &timing)).await.expect("changed");
    assert_eq!((changed.version, changed.series), (2, 2));
    let next = changed.next_occurrence.expect("it recurs");
    assert_eq!((next.series, next.number, next.due_time), (2, 26, Some(at(FIRST + DAY + 3_600))));
    stage.rounds().await;
    assert_eq!(fired(&stage.occurrences(&id, false, 50).await), [1, 2]);
    stage.go_to(FIRST + DAY + 2 * 3_600);
    let seen = stage.settled(&id, Some(28)).await;
    assert_eq!(fired(&seen), [1, 2, 26, 27]);
    // What a pause held back is on record when the timing changes.
    stage.pause("p", &id).await.expect("paused");
    stage.go_to(FIRST + DAY + 5 * 3_600);
    let daily = created.timing.clone().expect("a timing");
    let changed = stage.update("u2", change(2, &daily)).await.expect("changed");
    assert_eq!((changed.state(), changed.series), (pb::ScheduleState::Paused, 3));
    stage.resume("r", &id).await.expect("resumed");
    let seen = stage.settled(&id, Some(3)).await;
    assert_eq!(skipped(&seen), [(3, 3, SkipCause::Person), (28, 30, SkipCause::TimingChanged)]);
    assert_eq!(fired(&seen), [1, 2, 26, 27]);
    let mut terms = created.terms.clone().expect("terms");
    terms.asset_id = stage.world.bond.to_string();
    terms.kind = pb::DistributionKind::Coupon.into();
    let other = pb::UpdateScheduleRequest {
        schedule_id: id.clone(),
        version: 3,
        terms: Some(terms),
        ..pb::UpdateScheduleRequest::default()
    };
    let refused = stage.update("u3", other).await.expect_err("another asset");
    assert_eq!(fields(&refused), [("terms.asset_id".to_owned(), "IMMUTABLE".to_owned())]);
}

/// The nominal day of a timing's occurrences is the first of May, and of each month from then on.
fn monthly(stage: &Stage, zone: &str, start: &str) -> pb::CreateScheduleRequest {
    let mut request = stage.daily(All);
    let timing = request.timing.as_mut().expect("a timing");
    timing.recurrence = Some(pb::timing::Recurrence::Frequency(pb::Frequency::Monthly.into()));
    zone.clone_into(&mut timing.time_zone);
    timing.start = Some(at_wall_clock(start));
    request
}

fn weekends(rule: pb::BusinessDayRule) -> pb::BusinessDays {
    pb::BusinessDays { rule: rule.into(), calendar: "weekends".to_owned() }
}

impl Stage {
    /// Changes the timing of a schedule, as it is.
    async fn retime(&self, key: &str, id: &str, change: impl FnOnce(&mut pb::Timing)) -> pb::Schedule {
        let seen = self.see(id).await;
        let mut timing = seen.timing.clone().expect("a timing");
        change(&mut timing);
        let request = pb::UpdateScheduleRequest {
            schedule_id: id.to_owned(),
            version: seen.version,
            timing: Some(timing),
            ..pb::UpdateScheduleRequest::default()
        };
        self.update(key, request).await.expect("changed")
    }
}

fn at_wall_clock(local: &str) -> pb::timing::Start {
    pb::timing::Start::StartLocal(local.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_was_paid_is_not_paid_again_at_another_time_or_in_another_zone() {
    let stage = Stage::in_may().await;
    // Eleven o'clock in Berlin is nine in UTC, and in New York the day has hardly begun.
    let request = monthly(&stage, "Europe/Berlin", "2026-05-01T11:00");
    let id = stage.schedule("s", request).await.expect("created").id;
    stage.go_to(FIRST);
    stage.settled(&id, Some(2)).await;
    stage.go_to(FIRST + 3_600);
    let changed = stage.retime("zone", &id, |timing| timing.time_zone = "America/New_York".to_owned()).await;
    assert_eq!((changed.series, changed.next_occurrence.expect("June").number), (2, 2));
    let changed =
        stage.retime("time", &id, |timing| timing.start = Some(at_wall_clock("2026-05-01T15:30"))).await;
    assert_eq!((changed.series, changed.next_occurrence.expect("June").number), (3, 2));
    // Daily, from tomorrow on.
    let daily = pb::timing::Recurrence::Frequency(pb::Frequency::Daily.into());
    let changed = stage.retime("daily", &id, |timing| timing.recurrence = Some(daily)).await;
    assert_eq!((changed.series, changed.next_occurrence.expect("the second").number), (4, 2));
    stage.go_to(FIRST + DAY - 1);
    stage.rounds().await;
    assert_eq!(fired(&stage.occurrences(&id, false, 50).await), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_was_paid_before_a_weekend_is_not_paid_again_after_it() {
    let stage = Stage::in_may().await;
    let mut request = monthly(&stage, "UTC", "2026-05-02T09:00");
    request.timing.as_mut().expect("a timing").business_days = Some(weekends(pb::BusinessDayRule::Preceding));
    let id = stage.schedule("s", request).await.expect("created").id;
    stage.go_to(FIRST);
    assert_eq!(fired(&stage.settled(&id, Some(2)).await), [1], "on Friday, for Saturday");
    let following = Some(weekends(pb::BusinessDayRule::Following));
    let changed = stage.retime("u", &id, |timing| timing.business_days = following).await;
    assert_eq!((changed.series, changed.next_occurrence.expect("June").number), (2, 2));
    // Where a day has several times, the one that was paid stays paid, and the others are of a new timing.
    let cron = pb::timing::Recurrence::Cron("0 9,15 2 * *".to_owned());
    let changed = stage.retime("cron", &id, |timing| timing.recurrence = Some(cron)).await;
    let next = changed.next_occurrence.expect("Saturday's second, on Monday");
    assert_eq!((next.number, next.due_time), (2, Some(at(FIRST + 3 * DAY + 6 * 3_600))));
    stage.go_to(FIRST + 2 * DAY);
    stage.rounds().await;
    assert_eq!(fired(&stage.occurrences(&id, false, 50).await), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_skipped_stays_skipped_and_what_was_not_decided_fires_by_the_new_timing() {
    let stage = Stage::in_may().await;
    let id = stage.schedule("s", stage.daily(All)).await.expect("created").id;
    stage.skip("k", &id, 1).await.expect("skipped");
    stage.go_to(FIRST);
    stage.settled(&id, Some(2)).await;
    // A skip of a day to come ends with its series.
    stage.skip("k2", &id, 2).await.expect("skipped");
    let changed =
        stage.retime("noon", &id, |timing| timing.start = Some(at_wall_clock("2026-05-01T12:00"))).await;
    assert_eq!(changed.next_occurrence.expect("the second").number, 2);
    let changed =
        stage.retime("three", &id, |timing| timing.start = Some(at_wall_clock("2026-05-01T15:00"))).await;
    assert_eq!(changed.next_occurrence.expect("the second").number, 2);
    stage.go_to(FIRST + DAY - 1);
    let changed =
        stage.retime("eight", &id, |timing| timing.start = Some(at_wall_clock("2026-05-01T16:00"))).await;
    assert_eq!(changed.next_occurrence.expect("the second").number, 2);
    stage.go_to(FIRST + DAY + 7 * 3_600);
    let seen = stage.settled(&id, Some(3)).await;
    assert_eq!(fired(&seen), [2], "it was not decided when the timing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timing_that_has_only_days_that_were_paid_is_refused() {
    let stage = Stage::in_may().await;
    let id = stage.schedule("s", stage.daily(All)).await.expect("created").id;
    stage.go_to(FIRST);
    stage.settled(&id, Some(2)).await;
    let seen = stage.see(&id).await;
    let mut timing = seen.timing.clone().expect("a timing");
    timing.recurrence = Some(pb::timing::Recurrence::Frequency(pb::Frequency::Once.into()));
    timing.start = Some(at_wall_clock("2026-05-01T12:00"));
    let request = pb::UpdateScheduleRequest {
        schedule_id: id.clone(),
        version: seen.version,
        timing: Some(timing),
        ..pb::UpdateScheduleRequest::default()
    };
    let refused = stage.update("u", request).await.expect_err("the first of May was paid");
    assert_eq!(fields(&refused), [("timing.start".to_owned(), "IN_THE_PAST".to_owned())]);
    assert_eq!(stage.see(&id).await, seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_out_cannot_pause_and_who_pauses_cannot_decide() {
    let stage = Stage::in_may().await;
    let id = stage.schedule("s", stage.daily(All)).await.expect("created").id;
    let pause = pb::PauseScheduleRequest { schedule_id: id.clone(), reason: String::new() };
    let refused = stage.schedules().pause_schedule(stage.write("p", pause)).await;
    assert_eq!(refused.expect_err("not its role").code(), Code::PermissionDenied);
    let end = pb::EndScheduleRequest { schedule_id: id.clone(), reason: String::new() };
    let refused = stage.schedules().end_schedule(stage.write_as(Role::Pauser, "e", end)).await;
    assert_eq!(refused.expect_err("not its role").code(), Code::PermissionDenied);
    let get = pb::GetScheduleRequest { schedule_id: id };
    stage.schedules().get_schedule(stage.read_as(Role::Viewer, get)).await.expect("a viewer reads");
}
