//! `bursar schedule list`.

use proto::distribution::v1::{ListSchedulesRequest, ScheduleState};

use super::view;
use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// List schedules, newest first.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only of this asset ("ast_…").
    #[arg(long, default_value = "", value_name = "ID")]
    asset: String,
    /// Only in this state.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum State {
    Active,
    Paused,
    Ended,
}

impl List {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let state = match self.state {
            None => ScheduleState::Unspecified,
            Some(State::Active) => ScheduleState::Active,
            Some(State::Paused) => ScheduleState::Paused,
            Some(State::Ended) => ScheduleState::Ended,
        };
        let schedules = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let (asset_id, state) = (self.asset.clone(), state.into());
            let request = ListSchedulesRequest { page_size, page_token, asset_id, state };
            let page = session.edge.schedules().list_schedules(request).await?.into_inner();
            Ok((page.schedules, page.next_page_token))
        });
        let found = schedules.await?;
        let all = || json::list("bursar.distribution.v1.Schedule", &found);
        Ok(session.screen.answer(all, || table(&view::COLUMNS, found.iter().map(view::row)))?)
    }
}
