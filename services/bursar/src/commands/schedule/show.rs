//! `bursar schedule show`.

use proto::distribution::v1::GetScheduleRequest;

use super::view;
use crate::error::CommandError;
use crate::session::Session;

/// Show a schedule with its last and its next execution.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The schedule ("sch_…").
    schedule_id: String,
}

impl Show {
    /// Prints the schedule.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = GetScheduleRequest { schedule_id: self.schedule_id };
        let answer = session.edge.schedules().get_schedule(request).await?.into_inner();
        view::answer(session, answer.schedule.as_ref())
    }
}
