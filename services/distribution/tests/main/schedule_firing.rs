//! Firing: by each policy, once, with replicas that race and die.

use std::collections::BTreeSet;

use diesel::sql_query;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use proto::distribution::v1 as pb;

use crate::schedule_stage::{DAY, FIRST, at, fired, skipped};
use crate::stage::Stage;

use pb::CatchUpPolicy::{All, RunOnce, Skip};
use pb::DistributionState::{Completed, Paused};
use pb::SkipCause;

#[tokio::test(flavor = "multi_thread")]
async fn an_occurrence_is_a_distribution_with_its_record_time_its_snapshot_and_its_run() {
    let stage = Stage::in_may().await;
    let created = stage.schedule("s", stage.daily(All)).await.expect("created");
    assert_eq!((created.state(), created.version, created.series), (pb::ScheduleState::Active, 1, 1));
    let next = created.next_occurrence.clone().expect("it recurs");
    assert_eq!((next.number, next.due_time, created.last_occurrence), (1, Some(at(FIRST)), None));
    stage.rounds().await;
    assert_eq!(stage.occurrences(&created.id, false, 50).await, [], "not before its time");
    stage.go_to(FIRST);
    let seen = stage.settled(&created.id, Some(2)).await;
    assert_eq!(fired(&seen), [1]);
    let paid = stage.until(&seen[0].distribution_id, Completed).await;
    assert_eq!(paid.record_time, Some(at(FIRST)));
    assert_eq!((paid.created_by.as_str(), paid.execute_now), ("alice", true));
    assert_eq!(stage.see(&created.id).await.last_occurrence, Some(seen[0].clone()));
    let facts = stage.world.facts();
    assert_eq!((facts.snapshots_taken, facts.runs.len()), (1, 1));
    let snapshot = facts.snapshots.values().next().expect("one");
    assert_eq!(snapshot.record_time, Some(at(FIRST)));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_policy_catches_up_as_it_says() {
    let stage = Stage::in_may().await;
    let all = stage.schedule("a", stage.daily(All)).await.expect("created").id;
    let once = stage.schedule("o", stage.daily(RunOnce)).await.expect("created").id;
    let skip = stage.schedule("s", stage.daily(Skip)).await.expect("created").id;
    // Nobody looked for four and a half days.
    stage.go_to(FIRST + 4 * DAY + 43_200);
    let seen = stage.settled(&all, Some(6)).await;
    assert_eq!((fired(&seen), skipped(&seen)), (vec![1, 2, 3, 4, 5], vec![]));
    for (days, one) in (0..).zip(&seen) {
        let paid = stage.until(&one.distribution_id, Completed).await;
        assert_eq!(paid.record_time, Some(at(FIRST + days * DAY)));
    }
    let seen = stage.settled(&once, Some(6)).await;
    assert_eq!((fired(&seen), skipped(&seen)), (vec![5], vec![(1, 4, SkipCause::CatchUp)]));
    let seen = stage.settled(&skip, Some(6)).await;
    assert_eq!((fired(&seen), skipped(&seen)), (vec![], vec![(1, 5, SkipCause::CatchUp)]));
    // A restart of a few minutes costs no payment.
    stage.go_to(FIRST + 5 * DAY + 300);
    assert_eq!(fired(&stage.settled(&skip, Some(7)).await), [6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_downtime_is_caught_up_with_in_rounds_and_an_end_ends_it() {
    let stage = Stage::in_may().await;
    let mut request = stage.daily(All);
    let timing = request.timing.as_mut().expect("a timing");
    timing.end = Some(pb::timing::End::EndCount(40));
    let created = stage.schedule("s", request).await.expect("created");
    stage.go_to(FIRST + 100 * DAY);
    let seen = stage.settled(&created.id, None).await;
    assert_eq!(fired(&seen), (1..=40).collect::<Vec<u64>>());
    let ended = stage.see(&created.id).await;
    let end = ended.end.clone().expect("it has ended");
    assert_eq!((end.by.as_str(), end.time), ("", Some(at(FIRST + 100 * DAY))));
    assert_eq!(ended.allowed_actions, Vec::<i32>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_race_fire_each_occurrence_once() {
    let mut stage = Stage::in_may().await;
    stage.add_replica();
    stage.add_replica();
    let mut ids = Vec::new();
    for number in 0..8 {
        ids.push(stage.schedule(&format!("s{number}"), stage.daily(All)).await.expect("created").id);
    }
    let mut distributions = BTreeSet::new();
    for day in 0..5 {
        stage.go_to(FIRST + day * DAY);
        for id in &ids {
            let seen = stage.settled(id, Some(day.unsigned_abs() + 2)).await;
            assert_eq!(fired(&seen), (1..=day.unsigned_abs() + 1).collect::<Vec<u64>>());
            distributions.extend(seen.into_iter().map(|one| one.distribution_id));
        }
        // In the middle of it one replica dies.
        if day == 2 {
            stage.replicas.remove(0).kill();
        }
    }
    for id in &distributions {
        stage.until(id, Completed).await;
    }
    let facts = stage.world.facts();
    assert_eq!((distributions.len(), facts.runs.len(), facts.snapshots.len()), (40, 40, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_cannot_be_fired_keeps_no_other_from_firing() {
    let stage = Stage::in_may().await;
    let broken = stage.schedule("b", stage.daily(All)).await.expect("created").id;
    let mut conn = AsyncPgConnection::establish(&stage.db.owner_url).await.expect("a connection");
    let broke = sql_query("UPDATE schedule_version SET zone = 'Atlantis/Capital'").execute(&mut conn).await;
    assert_eq!(broke.expect("updated"), 1);
    let good = stage.schedule("g", stage.daily(All)).await.expect("created").id;
    stage.go_to(FIRST + DAY);
    assert_eq!(fired(&stage.settled(&good, Some(3)).await), [1, 2]);
    let seen = stage.see(&broken).await;
    assert_eq!((seen.problem.as_str(), seen.state()), ("UNKNOWN_ZONE", pb::ScheduleState::Active));
    assert_eq!(stage.occurrences(&broken, false, 50).await, []);
    // A release that knows the zone again catches up.
    sql_query("UPDATE schedule_version SET zone = 'UTC'").execute(&mut conn).await.expect("updated");
    assert_eq!(fired(&stage.settled(&broken, Some(3)).await), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_occurrence_on_a_paused_asset_fires_and_is_paid_once_it_is_unpaused() {
    let stage = Stage::in_may().await;
    let created = stage.schedule("s", stage.daily(All)).await.expect("created");
    let asset = stage.world.equity.to_string();
    let pause = |paused| stage.world.facts().assets.get_mut(&asset).expect("it is there").paused = paused;
    pause(true);
    stage.go_to(FIRST);
    let seen = stage.settled(&created.id, Some(2)).await;
    let waiting = stage.until(&seen[0].distribution_id, Paused).await;
    assert_eq!(waiting.failure.expect("a reason").reason, "ASSET_PAUSED");
    assert!(waiting.entitlements.is_some() && stage.world.facts().runs.is_empty());
    pause(false);
    let paid = stage.until(&waiting.id, Completed).await;
    assert_eq!(paid.record_time, Some(at(FIRST)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_treasury_that_changed_since_the_schedule_was_saved_is_not_paid_and_the_old_one_is() {
    let stage = Stage::in_may().await;
    let created = stage.schedule("s", stage.daily(All)).await.expect("created");
    let asset = stage.world.equity.to_string();
    {
        let mut facts = stage.world.facts();
        let token = facts.assets.get_mut(&asset).and_then(|asset| asset.token.as_mut());
        token.expect("it is there").treasury_account = "0.0.1001".to_owned();
        facts.holders.retain(|holder| holder.account != "0.0.2000");
        let account = proto::holder::v1::HolderKind::Account;
        facts.holders.insert(3, crate::support::snapshot_holder(2000, 500, account));
    }
    stage.go_to(FIRST);
    let seen = stage.settled(&created.id, Some(2)).await;
    let paid = stage.until(&seen[0].distribution_id, Completed).await;
    let run = stage.world.facts().runs[&paid.run_id].clone();
    let payees: BTreeSet<String> = run
        .instructions
        .iter()
        .filter_map(|one| one.recipient.as_ref())
        .map(|one| format!("{one:?}"))
        .collect();
    let is_paid = |account: &str| payees.iter().any(|payee| payee.contains(&format!("\"{account}\"")));
    assert!(is_paid("0.0.2000") && !is_paid("0.0.1001"), "{payees:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_calendar_ends_what_lies_before_fires_and_the_rest_is_told() {
    // A Friday; the calendar ends with that year, and the next Friday is in another.
    const LAST: i64 = 2_240_298_000;
    let stage = Stage::in_may().await;
    stage.go_to(LAST - 3_600);
    let mut request = stage.daily(RunOnce);
    let timing = request.timing.as_mut().expect("a timing");
    timing.recurrence = Some(pb::timing::Recurrence::Frequency(pb::Frequency::Weekly.into()));
    timing.start = Some(pb::timing::Start::StartTime(at(LAST)));
    timing.business_days =
        Some(pb::BusinessDays { rule: pb::BusinessDayRule::Following.into(), calendar: "uk".to_owned() });
    let id = stage.schedule("s", request).await.expect("created").id;
    stage.go_to(LAST);
    for _ in 0..100 {
        if stage.see(&id).await.last_occurrence.is_some() {
            break;
        }
        stage.rounds().await;
    }
    let seen = stage.see(&id).await;
    assert_eq!(seen.last_occurrence.as_ref().map(|last| last.number), Some(1));
    assert_eq!((seen.problem.as_str(), seen.state()), ("CALENDAR_NOT_COVERED", pb::ScheduleState::Active));
    // It can be given days without a calendar.
    let mut timing = seen.timing.expect("a timing");
    timing.business_days = None;
    let change = pb::UpdateScheduleRequest {
        schedule_id: id.clone(),
        version: 1,
        timing: Some(timing),
        ..pb::UpdateScheduleRequest::default()
    };
    stage.update("u", change).await.expect("changed");
    stage.go_to(LAST + 7 * DAY);
    assert_eq!(fired(&stage.settled(&id, Some(3)).await), [1, 2]);
}
