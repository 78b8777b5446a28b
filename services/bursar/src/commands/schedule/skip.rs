//! `bursar schedule skip`.

use proto::distribution::v1::SkipOccurrenceRequest;

use super::view;
use crate::error::CommandError;
use crate::session::Session;

/// Leave one occurrence out: it never fires. `occurrences --upcoming` has series and numbers.
#[derive(Debug, clap::Args)]
pub struct Skip {
    /// The schedule ("sch_…").
    schedule_id: String,
    /// Its number.
    number: u64,
    /// Its series.
    #[arg(long)]
    series: u32,
    /// Why; kept and shown.
    #[arg(long, default_value = "")]
    reason: String,
}

impl Skip {
    /// Prints the schedule as it is then.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = SkipOccurrenceRequest {
            schedule_id: self.schedule_id,
            series: self.series,
            number: self.number,
            reason: self.reason,
        };
        let answer = session.edge.schedules().skip_occurrence(request).await?.into_inner();
        view::answer(session, answer.schedule.as_ref())
    }
}
