//! `bursar network show`: which network the installation works on.

use crate::error::CommandError;
use crate::output::Screen;
use crate::session::Globals;
use crate::suite::{Layout, NetworkError, stored_network};

/// Show which network the installation works on.
#[derive(Debug, clap::Args)]
pub struct Show {}

impl Show {
    /// Prints what is stored.
    #[expect(clippy::unused_self, reason = "commands are called alike")]
    pub fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let settings =
            stored_network(&Layout::new(globals.data_dir()))?.ok_or(NetworkError::NotConfigured)?;
        let text = || match settings.as_live() {
            None => settings.network().to_string(),
            Some(live) => {
                let nodes: Vec<String> = live.nodes.iter().map(ToString::to_string).collect();
                let (network, operator) = (settings.network(), &live.operator_account);
                format!(
                    "{network} as {operator}\nnodes: {}\nmirrors: {}",
                    nodes.join(", "),
                    live.mirrors.join(", ")
                )
            }
        };
        Ok(Screen::of(globals).answer(|| serde_json::json!(settings), text)?)
    }
}
