//! `bursar up`: the whole suite in this process, until it is told to stop.

use std::net::SocketAddr;

use service_kit::{Shutdown, telemetry};

use crate::commands::network::NetworkArgs;
use crate::error::CommandError;
use crate::output::Screen;
use crate::session::Globals;
use crate::suite::{Addresses, Suite, SuiteConfig};

/// Run the whole suite in this process, with its data in a folder.
#[derive(Debug, clap::Args)]
pub struct Up {
    #[command(flatten)]
    network: NetworkArgs,
    /// Where the gateway listens; port 0 takes any.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    #[command(flatten)]
    execution: execution::Tuning,
    /// How log lines look.
    #[arg(long, value_enum, default_value = "text")]
    log_format: telemetry::Format,
}

impl Up {
    /// Serves until SIGTERM or SIGINT, then drains.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        telemetry::init(self.log_format);
        let stop = Shutdown::on_signals().map_err(|error| CommandError::input(error.to_string()))?;
        let config = SuiteConfig {
            network: self.network.settings()?,
            gateway_listen: self.listen,
            execution: self.execution,
            ..SuiteConfig::new(globals.data_dir())
        };
        let mut suite = tokio::select! {
            suite = Suite::start(config) => suite?,
            () = stop.cancelled() => return Ok(()),
        };
        if globals.json {
            Screen::result(serde_json::json!(suite.addresses()).to_string())?;
        } else {
            Screen::result(describe(suite.addresses()))?;
        }
        let failure = tokio::select! {
            () = stop.cancelled() => None,
            error = suite.failed() => Some(error),
        };
        let stopped = suite.stop().await;
        match failure {
            Some(error) => Err(error.into()),
            None => Ok(stopped?),
        }
    }
}

fn describe(addresses: &Addresses) -> String {
    let mut lines = vec![
        format!("gateway    {}", addresses.gateway),
        format!("network    {} as {}", addresses.network, addresses.operator_account),
        format!("mirrors    {}", addresses.mirrors.join(" ")),
        format!("nodes      {}", addresses.nodes.join(" ")),
        format!("data       {}", addresses.data),
    ];
    if let Some(control) = &addresses.sandbox_control {
        lines.insert(1, format!("sandbox    {control}"));
    }
    lines.push(
        "Running. Stop with Ctrl-C; `bursar --data … asset list` and the like work meanwhile.".to_owned(),
    );
    lines.join("\n")
}
