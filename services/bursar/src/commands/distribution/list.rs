//! `bursar distribution list`.

use prost_types::Timestamp;
use proto::distribution::v1::{DistributionState, ListDistributionsRequest};

use super::show;
use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;
use crate::time;

/// List distributions, newest first.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only of this asset ("ast_…").
    #[arg(long, default_value = "", value_name = "ID")]
    asset: String,
    /// Only in this state: upcoming, ongoing, completed, failed, ….
    #[arg(long, value_parser = state)]
    state: Option<DistributionState>,
    /// Only created at or after this time.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    from: Option<Timestamp>,
    /// Only created before this time.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    before: Option<Timestamp>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl List {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let distributions = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let request = ListDistributionsRequest {
                page_size,
                page_token,
                asset_id: self.asset.clone(),
                state: self.state.unwrap_or_default().into(),
                created_from: self.from,
                created_before: self.before,
            };
            let page = session.edge.distributions().list_distributions(request).await?.into_inner();
            Ok((page.distributions, page.next_page_token))
        });
        let found = distributions.await?;
        let all = || json::list("bursar.distribution.v1.Distribution", &found);
        Ok(session.screen.answer(all, || table(&show::COLUMNS, found.iter().map(show::row)))?)
    }
}

fn state(text: &str) -> Result<DistributionState, String> {
    let name = format!("DISTRIBUTION_STATE_{}", text.to_uppercase().replace('-', "_"));
    let state =
        DistributionState::from_str_name(&name).filter(|state| *state != DistributionState::Unspecified);
    state.ok_or_else(|| format!("there is no state {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::{DistributionState, state};

    #[test]
    fn states_are_typed_in_any_case() {
        assert_eq!(state("ongoing"), Ok(DistributionState::Ongoing));
        assert_eq!(state("PENDING-approval"), Ok(DistributionState::PendingApproval));
        assert!(state("unspecified").is_err() && state("done").is_err());
    }
}
