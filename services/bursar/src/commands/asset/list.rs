//! `bursar asset list`.

use proto::asset::v1::ListAssetsRequest;

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// List what was imported, newest first.
#[derive(Debug, clap::Args)]
pub struct List {
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

impl List {
    /// Prints the assets.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let assets = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let request = ListAssetsRequest { page_size, page_token, ..ListAssetsRequest::default() };
            let page = session.edge.assets().list_assets(request).await?.into_inner();
            Ok((page.assets, page.next_page_token))
        });
        let assets = assets.await?;
        let all = || json::list("bursar.asset.v1.Asset", &assets);
        Ok(session.screen.answer(all, || table(&super::COLUMNS, assets.iter().map(super::row)))?)
    }
}
