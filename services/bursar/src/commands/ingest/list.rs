//! `bursar ingest list`.

use prost_types::Timestamp;
use proto::distribution::v1::ListIngestFilesRequest;

use super::show;
use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;
use crate::time;

/// List files of payees, newest first.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only those in which something is wrong.
    #[arg(long)]
    with_errors: bool,
    /// Only sent at or after this time.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    from: Option<Timestamp>,
    /// Only sent before this time.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    before: Option<Timestamp>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl List {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let files = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let request = ListIngestFilesRequest {
                page_size,
                page_token,
                only_with_errors: self.with_errors,
                created_from: self.from,
                created_before: self.before,
            };
            let page = session.edge.ingests().list_ingest_files(request).await?.into_inner();
            Ok((page.ingest_files, page.next_page_token))
        });
        let found = files.await?;
        let all = || json::list("bursar.distribution.v1.IngestFile", &found);
        Ok(session.screen.answer(all, || table(&show::COLUMNS, found.iter().map(show::row)))?)
    }
}
