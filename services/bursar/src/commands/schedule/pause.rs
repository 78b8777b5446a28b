//! `bursar schedule pause`.

use proto::distribution::v1::PauseScheduleRequest;

use super::view;
use crate::error::CommandError;
use crate::session::Session;

/// Fire nothing until it is resumed; what it fired goes on. Needs the role PAUSER.
#[derive(Debug, clap::Args)]
pub struct Pause {
    /// The schedule ("sch_…").
    schedule_id: String,
    /// Why; kept and shown.
    #[arg(long, default_value = "")]
    reason: String,
}

impl Pause {
    /// Prints the schedule as it is then.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = PauseScheduleRequest { schedule_id: self.schedule_id, reason: self.reason };
        let answer = session.edge.schedules().pause_schedule(request).await?.into_inner();
        view::answer(session, answer.schedule.as_ref())
    }
}
