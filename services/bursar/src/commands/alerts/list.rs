//! `bursar alerts list`.

use proto::execution::v1::{Alert, ListAlertsRequest};

use crate::commands::payouts;
use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;
use crate::time;

const COLUMNS: [&str; 6] = ["distribution", "run", "reason", "raised", "ended", "what to do"];

/// List alerts, newest first.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only of this distribution or run ("dst_…", "run_…").
    id: Option<String>,
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
        let run_id = match &self.id {
            Some(id) => payouts::find(session, id).await?.run_id,
            None => String::new(),
        };
        let alerts = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let run_id = run_id.clone();
            let request = ListAlertsRequest { page_size, page_token, include_ended: self.all, run_id };
            let page = session.edge.alerts().list_alerts(request).await?.into_inner();
            Ok((page.alerts, page.next_page_token))
        });
        let alerts = alerts.await?;
        let all = || json::list("bursar.execution.v1.Alert", &alerts);
        Ok(session.screen.answer(all, || table(&COLUMNS, alerts.iter().map(row)))?)
    }
}

fn row(alert: &Alert) -> [String; 6] {
    let failure = alert.failure.clone().unwrap_or_default();
    [
        alert.distribution_id.clone(),
        alert.run_id.clone(),
        failure.reason,
        time::show(alert.raise_time.as_ref()),
        ended(alert),
        failure.hint,
    ]
}

fn ended(alert: &Alert) -> String {
    let at = time::show(alert.end_time.as_ref());
    if alert.ended_by_itself { format!("{at} by itself") } else { at }
}
