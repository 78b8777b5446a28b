//! The program `bursar`.

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    bursar::cli::Cli::parse().run().await
}
