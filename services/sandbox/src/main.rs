//! Runs a sandbox until it is told to stop. Prints one line of JSON that says where everything is.

use std::io::Write as _;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

#[derive(clap::Parser)]
#[command(version, about = "A simulated Hedera network with a ledger of its own")]
struct Arguments {
    #[command(flatten)]
    config: sandbox::Config,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = sandbox::start(Arguments::parse().config).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", serde_json::to_string(sandbox.network())?)?;
    out.flush()?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
    }
    sandbox.stop().await;
    Ok(())
}
