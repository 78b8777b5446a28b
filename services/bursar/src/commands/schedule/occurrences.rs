//! `bursar schedule occurrences`.

use proto::distribution::v1::ListOccurrencesRequest;

use super::view;
use crate::edge::pages;
use crate::error::CommandError;
use crate::session::Session;

/// List what fired and what was skipped, latest first; with --upcoming what comes, soonest first.
#[derive(Debug, clap::Args)]
pub struct Occurrences {
    /// The schedule ("sch_…").
    schedule_id: String,
    /// What comes.
    #[arg(long)]
    upcoming: bool,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

impl Occurrences {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let occurrences = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let (schedule_id, upcoming) = (self.schedule_id.clone(), self.upcoming);
            let request = ListOccurrencesRequest { schedule_id, page_size, page_token, upcoming };
            let page = session.edge.schedules().list_occurrences(request).await?.into_inner();
            Ok((page.occurrences, page.next_page_token))
        });
        view::occurrences(session, &occurrences.await?)
    }
}
