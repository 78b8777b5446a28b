//! What tests of schedules have in common: a clock by hand, and words for what they ask and see.

use std::time::{Duration, SystemTime};

use auth::Role;
use prost_types::Timestamp;
use proto::distribution::v1 as pb;
use service_kit::clock::ManualClock;
use tonic::Status;

use crate::stage::Stage;

/// A day in seconds.
pub(crate) const DAY: i64 = 86_400;
/// 2026-05-01T09:00:00Z, a Friday.
pub(crate) const FIRST: i64 = 1_777_626_000;

/// So many seconds after the epoch.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

impl Stage {
    /// One replica, at eight o'clock on 1 May 2026.
    pub(crate) async fn in_may() -> Self {
        let mut stage = Self::without_replicas().await;
        stage.clock = Some(ManualClock::at(SystemTime::UNIX_EPOCH));
        stage.go_to(FIRST - 3_600);
        stage.add_replica();
        stage
    }

    /// Sets the clock of all replicas.
    pub(crate) fn go_to(&self, seconds: i64) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
        self.clock.as_ref().expect("a clock by hand").set(now);
    }

    /// Number n falls due on the nth of May at nine in UTC, and pays by itself.
    pub(crate) fn daily(&self, catch_up: pb::CatchUpPolicy) -> pb::CreateScheduleRequest {
        let same = self.request();
        let terms = pb::ScheduleTerms {
            asset_id: same.asset_id,
            label: same.label,
            kind: same.kind,
            amount_rule: same.amount_rule,
            payment_token: same.payment_token,
            funding_account_id: same.funding_account_id,
            execute_now: true,
            ..pb::ScheduleTerms::default()
        };
        let timing = pb::Timing {
            recurrence: Some(pb::timing::Recurrence::Frequency(pb::Frequency::Daily.into())),
            time_zone: "UTC".to_owned(),
            start: Some(pb::timing::Start::StartLocal("2026-05-01T09:00".to_owned())),
            ..pb::Timing::default()
        };
        pb::CreateScheduleRequest {
            terms: Some(terms),
            timing: Some(timing),
            catch_up: catch_up.into(),
            ..pb::CreateScheduleRequest::default()
        }
    }

    pub(crate) async fn schedule(
        &self,
        key: &str,
        request: pb::CreateScheduleRequest,
    ) -> Result<pb::Schedule, Status> {
        let answer = self.schedules().create_schedule(self.write(key, request)).await?;
        Ok(answer.into_inner().schedule.expect("a schedule"))
    }

    pub(crate) async fn see(&self, id: &str) -> pb::Schedule {
        let message = pb::GetScheduleRequest { schedule_id: id.to_owned() };
        let answer = self.schedules().get_schedule(self.read(message)).await.expect("it is there");
        answer.into_inner().schedule.expect("a schedule")
    }

    pub(crate) async fn pause(&self, key: &str, id: &str) -> Result<pb::Schedule, Status> {
        let message = pb::PauseScheduleRequest { schedule_id: id.to_owned(), reason: "a look".to_owned() };
        let request = self.write_as(Role::Pauser, key, message);
        Ok(self.schedules().pause_schedule(request).await?.into_inner().schedule.expect("a schedule"))
    }

    pub(crate) async fn resume(&self, key: &str, id: &str) -> Result<pb::Schedule, Status> {
        let message = pb::ResumeScheduleRequest { schedule_id: id.to_owned() };
        let request = self.write_as(Role::Pauser, key, message);
        Ok(self.schedules().resume_schedule(request).await?.into_inner().schedule.expect("a schedule"))
    }

    pub(crate) async fn end(&self, key: &str, id: &str) -> Result<pb::Schedule, Status> {
        let message = pb::EndScheduleRequest { schedule_id: id.to_owned(), reason: "enough".to_owned() };
        let request = self.write(key, message);
        Ok(self.schedules().end_schedule(request).await?.into_inner().schedule.expect("a schedule"))
    }

    pub(crate) async fn skip(&self, key: &str, id: &str, number: u64) -> Result<pb::Schedule, Status> {
        let (series, reason) = (self.see(id).await.series, "a holiday of ours".to_owned());
        let message = pb::SkipOccurrenceRequest { schedule_id: id.to_owned(), series, number, reason };
        let request = self.write(key, message);
        Ok(self.schedules().skip_occurrence(request).await?.into_inner().schedule.expect("a schedule"))
    }

    pub(crate) async fn update(
        &self,
        key: &str,
        request: pb::UpdateScheduleRequest,
    ) -> Result<pb::Schedule, Status> {
        let request = self.write(key, request);
        Ok(self.schedules().update_schedule(request).await?.into_inner().schedule.expect("a schedule"))
    }

    /// All that are decided, the first first; or all of a page of those to come.
    pub(crate) async fn occurrences(&self, id: &str, upcoming: bool, size: i32) -> Vec<pb::Occurrence> {
        let mut request = pb::ListOccurrencesRequest {
            schedule_id: id.to_owned(),
            page_size: size,
            upcoming,
            ..pb::ListOccurrencesRequest::default()
        };
        let mut found = Vec::new();
        loop {
            let page = self.schedules().list_occurrences(self.read(request.clone())).await;
            let page = page.expect("a page").into_inner();
            found.extend(page.occurrences);
            if page.next_page_token.is_empty() || upcoming {
                break;
            }
            request.page_token = page.next_page_token;
        }
        if !upcoming {
            found.reverse();
        }
        found
    }

    /// What is decided of a schedule once its next occurrence has this number; none is that it has ended.
    pub(crate) async fn settled(&self, id: &str, next: Option<u64>) -> Vec<pb::Occurrence> {
        for _ in 0..600 {
            let seen = self.see(id).await;
            let due = seen.next_occurrence.as_ref().map(|next| next.number);
            if due == next && (next.is_some() || seen.state() == pb::ScheduleState::Ended) {
                return self.occurrences(id, false, 7).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not settled: {:?}", self.see(id).await);
    }

    /// A few rounds of the job.
    pub(crate) async fn rounds(&self) {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// The numbers that fired.
pub(crate) fn fired(occurrences: &[pb::Occurrence]) -> Vec<u64> {
    let fired = occurrences.iter().filter(|one| one.state() == pb::OccurrenceState::Fired);
    fired.map(|one| one.number).collect()
}

/// The ranges of numbers that were skipped, and why.
pub(crate) fn skipped(occurrences: &[pb::Occurrence]) -> Vec<(u64, u64, pb::SkipCause)> {
    let skipped = occurrences.iter().filter(|one| one.state() == pb::OccurrenceState::Skipped);
    skipped.map(|one| (one.first_number, one.number, one.skip_cause())).collect()
}
