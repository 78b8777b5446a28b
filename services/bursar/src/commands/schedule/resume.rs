//! `bursar schedule resume`.

use proto::distribution::v1::ResumeScheduleRequest;

use super::view;
use crate::error::CommandError;
use crate::session::Session;

/// Fire again; the catch-up policy says what happens to what was missed. Needs the role PAUSER.
#[derive(Debug, clap::Args)]
pub struct Resume {
    /// The schedule ("sch_…").
    schedule_id: String,
}

impl Resume {
    /// Prints the schedule as it is then.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = ResumeScheduleRequest { schedule_id: self.schedule_id };
        let answer = session.edge.schedules().resume_schedule(request).await?.into_inner();
        view::answer(session, answer.schedule.as_ref())
    }
}
