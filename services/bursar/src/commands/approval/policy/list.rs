//! `bursar approval policy list`.

use proto::distribution::v1::ListApprovalPoliciesRequest;

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// List the policies in force.
#[derive(Debug, clap::Args)]
pub struct List {
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl List {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let policies = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let request = ListApprovalPoliciesRequest { page_size, page_token };
            let page = session.edge.approvals().list_approval_policies(request).await?.into_inner();
            Ok((page.policies, page.next_page_token))
        });
        let found = policies.await?;
        let all = || json::list("bursar.distribution.v1.ApprovalPolicy", &found);
        Ok(session.screen.answer(all, || table(&super::COLUMNS, found.iter().map(super::row)))?)
    }
}
