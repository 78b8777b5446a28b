//! `bursar schedule end`.

use proto::distribution::v1::EndScheduleRequest;

use super::view;
use crate::error::CommandError;
use crate::session::Session;

/// Fire nothing any more; what it fired goes on.
#[derive(Debug, clap::Args)]
pub struct End {
    /// The schedule ("sch_…").
    schedule_id: String,
    /// Why; kept and shown.
    #[arg(long, default_value = "")]
    reason: String,
}

impl End {
    /// Prints the schedule as it is then.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = EndScheduleRequest { schedule_id: self.schedule_id, reason: self.reason };
        let answer = session.edge.schedules().end_schedule(request).await?.into_inner();
        view::answer(session, answer.schedule.as_ref())
    }
}
