//! The execution service as a program of its own.

use clap::Parser;
use execution::{Config, Options};
use service_kit::{Shutdown, StartError, telemetry};

/// Pays runs: batches, payouts, attempts, each exactly once.
#[derive(Parser)]
#[command(name = "bursar-execution", version)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let Cli { options } = Cli::parse();
    telemetry::init(options.service.log.log_format);
    let shutdown = Shutdown::on_signals()?;
    let listener = options.service.listen.bind().await?;
    execution::run(Config::from(options), listener, shutdown).await
}
