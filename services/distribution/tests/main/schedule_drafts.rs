//! `CreateSchedule`: what is refused, what it says before it is saved; and lists.

use proto::distribution::v1 as pb;
use tonic::Code;

use crate::schedule_stage::{DAY, FIRST, at, fired};
use crate::stage::{Stage, fields};

use pb::CatchUpPolicy::{All, RunOnce, Skip};
use pb::timing::{End, Recurrence, Start};

fn pair(field: &str, why: &str) -> (String, String) {
    (field.to_owned(), why.to_owned())
}

fn cron(text: &str) -> Recurrence {
    Recurrence::Cron(text.to_owned())
}

fn every(frequency: pb::Frequency) -> Recurrence {
    Recurrence::Frequency(frequency.into())
}

fn local(text: &str) -> Start {
    Start::StartLocal(text.to_owned())
}

fn days(calendar: &str) -> pb::BusinessDays {
    pb::BusinessDays { rule: pb::BusinessDayRule::Following.into(), calendar: calendar.to_owned() }
}

/// A timing that is otherwise good, the field that is not, and why.
type Bad = (pb::Timing, &'static str, &'static str);

fn bad_recurrences(base: &pb::Timing) -> Vec<Bad> {
    let recurs = |recurrence| pb::Timing { recurrence, ..base.clone() };
    let zone = |zone: &str| pb::Timing { time_zone: zone.to_owned(), ..base.clone() };
    let closed = |recurrence, calendar, start: &str| {
        let (recurrence, start) = (Some(recurrence), Some(local(start)));
        pb::Timing { recurrence, business_days: Some(days(calendar)), start, ..base.clone() }
    };
    let (daily, hourly) = (every(pb::Frequency::Daily), every(pb::Frequency::Hourly));
    let start = "2026-05-01T09:00";
    let calendar = "timing.business_days.calendar";
    vec![
        (recurs(Some(cron("0 0 30 2 *"))), "timing.cron", "NEVER_FIRES"),
        (recurs(Some(cron("61 * * * *"))), "timing.cron", "INVALID_CRON"),
        (recurs(None), "timing.frequency", "REQUIRED"),
        (zone("Mars/Base"), "timing.time_zone", "UNKNOWN_ZONE"),
        (zone(""), "timing.time_zone", "REQUIRED"),
        (closed(daily.clone(), "moon", start), calendar, "UNKNOWN_CALENDAR"),
        (closed(daily, "uk", "2050-05-01T09:00"), calendar, "CALENDAR_NOT_COVERED"),
        (closed(hourly, "uk", start), "timing.business_days", "HOURLY_BY_BUSINESS_DAY"),
    ]
}

fn bad_starts_and_ends(base: &pb::Timing) -> Vec<Bad> {
    let starts = |start: &str| pb::Timing { start: Some(local(start)), ..base.clone() };
    let ends = |end| pb::Timing { end: Some(end), ..base.clone() };
    let over = pb::Timing { end: Some(End::EndCount(7)), ..starts("2026-04-01T09:00") };
    let once = pb::Timing { recurrence: Some(every(pb::Frequency::Once)), ..starts("2026-05-01T07:59") };
    let early = pb::Timing { recurrence: Some(cron("0 9 1 1 *")), ..ends(End::EndTime(at(FIRST))) };
    vec![
        (starts("2026-05-01"), "timing.start", "MALFORMED"),
        (starts("3026-05-01T09:00"), "timing.start", "START_OUT_OF_RANGE"),
        (ends(End::EndTime(at(FIRST - 1))), "timing.end", "END_BEFORE_START"),
        (ends(End::EndCount(0)), "timing.end", "COUNT_ZERO"),
        (early, "timing.end", "NEVER_FIRES"),
        (over, "timing.end", "IN_THE_PAST"),
        (once, "timing.start", "IN_THE_PAST"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_timing_that_cannot_be_is_refused_by_field_and_reason() {
    let stage = Stage::in_may().await;
    let base = stage.daily(All).timing.expect("a timing");
    for (timing, field, why) in bad_recurrences(&base).into_iter().chain(bad_starts_and_ends(&base)) {
        let request = pb::CreateScheduleRequest { timing: Some(timing.clone()), ..stage.daily(All) };
        let refused = stage.schedule("k", request).await.expect_err(why);
        let expected = vec![pair(field, why)];
        assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, expected), "{timing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_mistakes_are_told_together_the_terms_below_their_name() {
    let stage = Stage::in_may().await;
    let mut request = stage.daily(All);
    request.catch_up = 0;
    request.preview_count = 1_001;
    request.timing.as_mut().expect("a timing").time_zone = "Mars/Base".to_owned();
    let terms = request.terms.as_mut().expect("terms");
    terms.label = String::new();
    terms.kind = pb::DistributionKind::Redemption.into();
    let refused = stage.schedule("k", request).await.expect_err("much is wrong");
    let expected = [
        pair("preview_count", "OUT_OF_RANGE"),
        pair("catch_up", "REQUIRED"),
        pair("timing.time_zone", "UNKNOWN_ZONE"),
        pair("terms.label", "REQUIRED"),
        pair("terms.kind", "IS_A_REDEMPTION"),
    ];
    assert_eq!(fields(&refused), expected);
    let empty = pb::CreateScheduleRequest::default();
    let refused = stage.schedule("e", empty).await.expect_err("nothing is there");
    let expected = [pair("catch_up", "REQUIRED"), pair("terms", "REQUIRED"), pair("timing", "REQUIRED")];
    assert_eq!(fields(&refused), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_occurrences_are_told_before_it_is_saved_and_nothing_is_stored() {
    let stage = Stage::in_may().await;
    let mut request = stage.daily(All);
    request.validate_only = true;
    request.preview_count = 3;
    let timing = request.timing.as_mut().expect("a timing");
    timing.recurrence = Some(Recurrence::Cron("30 2 * * *".to_owned()));
    timing.time_zone = "Europe/Berlin".to_owned();
    timing.start = Some(Start::StartLocal("2027-03-27T00:00".to_owned()));
    // No key is needed.
    let answer = stage.schedules().create_schedule(stage.read(request)).await.expect("told").into_inner();
    assert_eq!(answer.schedule, None);
    let told: Vec<_> =
        answer.next_occurrences.iter().map(|one| (one.number, one.nominal_time.as_str())).collect();
    // The clock goes forward on the 28th, and the time that is left out is the first moment after the gap.
    assert_eq!(told, [(1, "2027-03-27T02:30:00"), (2, "2027-03-28T02:30:00"), (3, "2027-03-29T02:30:00")]);
    assert_eq!(answer.next_occurrences[1].due_time, Some(at(1_806_195_600)));
    let listed = stage.schedules().list_schedules(stage.read(pb::ListSchedulesRequest::default())).await;
    assert!(listed.expect("a list").into_inner().schedules.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_in_the_past_is_an_anchor_and_pays_nothing_for_it() {
    let stage = Stage::in_may().await;
    for (key, policy) in [("a", All), ("o", RunOnce), ("s", Skip)] {
        let mut request = stage.daily(policy);
        let start = Start::StartLocal("2026-04-01T08:30".to_owned());
        request.timing.as_mut().expect("a timing").start = Some(start);
        let created = stage.schedule(key, request).await.expect("created");
        let next = created.next_occurrence.expect("it recurs");
        assert_eq!((next.number, next.due_time), (31, Some(at(FIRST - 1_800))));
        stage.rounds().await;
        assert_eq!(stage.occurrences(&created.id, false, 50).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_start_it_begins_at_once_and_repeating_the_call_begins_nothing_else() {
    let stage = Stage::in_may().await;
    let mut request = stage.daily(All);
    request.timing.as_mut().expect("a timing").start = None;
    let created = stage.schedule("k", request.clone()).await.expect("created");
    assert_eq!(fired(&stage.settled(&created.id, Some(2)).await), [1]);
    stage.go_to(FIRST);
    assert_eq!(stage.schedule("k", request.clone()).await.expect("the first answer"), created);
    request.catch_up = Skip.into();
    let refused = stage.schedule("k", request).await.expect_err("another request");
    assert_eq!(crate::stage::reason(&refused), "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_go_on_page_by_page() {
    let stage = Stage::in_may().await;
    let mut ids = Vec::new();
    for number in 0..5_i64 {
        stage.go_to(FIRST - 3_000 + number);
        ids.push(stage.schedule(&format!("s{number}"), stage.daily(All)).await.expect("created").id);
    }
    ids.reverse();
    stage.pause("p", &ids[1]).await.expect("paused");
    let mut request = pb::ListSchedulesRequest { page_size: 2, ..pb::ListSchedulesRequest::default() };
    let mut listed = Vec::new();
    loop {
        let page = stage.schedules().list_schedules(stage.read(request.clone())).await.expect("a page");
        let page = page.into_inner();
        listed.extend(page.schedules.into_iter().map(|one| one.id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(listed, ids);
    let list = async |asset_id: String, state: pb::ScheduleState| {
        let request = pb::ListSchedulesRequest { asset_id, state: state.into(), ..Default::default() };
        let page = stage.schedules().list_schedules(stage.read(request)).await.expect("a page");
        page.into_inner().schedules.len()
    };
    let (equity, bond) = (stage.world.equity.to_string(), stage.world.bond.to_string());
    assert_eq!(list(equity.clone(), pb::ScheduleState::Unspecified).await, 5);
    assert_eq!(list(bond, pb::ScheduleState::Unspecified).await, 0);
    assert_eq!(list(equity, pb::ScheduleState::Paused).await, 1);
    // Those to come have pages, too.
    let request = pb::ListOccurrencesRequest {
        schedule_id: ids[0].clone(),
        page_size: 3,
        upcoming: true,
        ..pb::ListOccurrencesRequest::default()
    };
    let first = stage.schedules().list_occurrences(stage.read(request.clone())).await.expect("a page");
    let page_token = first.into_inner().next_page_token;
    let second = pb::ListOccurrencesRequest { page_token, ..request };
    let second = stage.schedules().list_occurrences(stage.read(second)).await.expect("a page").into_inner();
    let due: Vec<_> = second.occurrences.iter().map(|one| (one.number, one.due_time)).collect();
    assert_eq!(due, [4_u64, 5, 6].map(|number| (number, Some(at(FIRST + (number.cast_signed() - 1) * DAY)))));
}
