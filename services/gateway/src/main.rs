//! The gateway as a program of its own.

use clap::Parser as _;
use gateway::{Args, Config};
use service_kit::{Shutdown, StartError, telemetry};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let args = Args::parse();
    telemetry::init(args.service.log.log_format);
    let shutdown = Shutdown::on_signals()?;
    let listener = args.service.listen.bind().await?;
    gateway::run(Config::try_from(args)?, listener, shutdown).await
}
