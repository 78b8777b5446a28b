//! The holder service as a program of its own.

use clap::Parser as _;
use holder_sync::{Args, Config};
use service_kit::{Shutdown, StartError, telemetry};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let args = Args::parse();
    telemetry::init(args.service.log.log_format);
    let shutdown = Shutdown::on_signals()?;
    let listener = args.service.listen.bind().await?;
    holder_sync::run(Config::from(args), listener, shutdown).await
}
