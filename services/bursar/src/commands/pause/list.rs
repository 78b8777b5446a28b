//! `bursar pause list`.

use proto::execution::v1::ListPausesRequest;

use super::{COLUMNS, row};
use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// List pauses, newest first.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Also those that have ended.
    #[arg(long)]
    all: bool,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

impl List {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let pauses = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let request = ListPausesRequest { page_size, page_token, include_ended: self.all };
            let page = session.edge.pauses().list_pauses(request).await?.into_inner();
            Ok((page.pauses, page.next_page_token))
        });
        let pauses = pauses.await?;
        let all = || json::list("bursar.execution.v1.Pause", &pauses);
        Ok(session.screen.answer(all, || table(&COLUMNS, pauses.iter().map(row)))?)
    }
}
