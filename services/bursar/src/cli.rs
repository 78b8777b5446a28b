//! What can be typed, and which file in `commands/` does it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    alerts, approval, asset, bench, demo, diagnose, distribution, funding, holders, ingest, network, pause,
    payment_token, payouts, redemption, restore, sandbox, schedule, token, up, withdrawal,
};
use crate::error::CommandError;
use crate::session::Globals;

/// Pays many people at once, each exactly once, and can prove it.
#[derive(Debug, Parser)]
#[command(name = "bursar", version, about, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole suite in this process, with its data in a folder.
    Up(up::Up),
    /// Show the main job against a misbehaving sandbox, and reconcile it with the sandbox's ledger.
    Demo(demo::Demo),
    /// Measure the whole path beside a bare loop of COPY and batch commits.
    Bench(bench::Bench),
    /// Mint a development token for the installation in a folder.
    Token(token::Token),
    /// The network of an installation.
    #[command(subcommand)]
    Network(network::Command),
    /// The simulated network of an installation that runs on one.
    #[command(subcommand)]
    Sandbox(sandbox::Command),
    /// What can be paid on.
    #[command(subcommand)]
    Asset(asset::Command),
    /// Who holds what.
    #[command(subcommand)]
    Holders(holders::Command),
    /// Who is owed what, and when.
    #[command(subcommand)]
    Distribution(distribution::Command),
    /// Files of payees that were sent.
    #[command(subcommand)]
    Ingest(ingest::Command),
    /// A bond's principal, at or after its maturity.
    #[command(subcommand)]
    Redemption(redemption::Command),
    /// Who else has to agree.
    #[command(subcommand)]
    Approval(approval::Command),
    /// When a distribution falls due.
    #[command(subcommand)]
    Schedule(schedule::Command),
    /// Stop payments, and let them go on.
    #[command(subcommand)]
    Pause(pause::Command),
    /// Why something does not go on, and what to do.
    Diagnose(diagnose::Diagnose),
    /// What an operator has to end before a halted run goes on.
    #[command(subcommand)]
    Alerts(alerts::Command),
    /// After the database was restored: what it has forgotten.
    #[command(subcommand)]
    Restore(restore::Command),
    /// What was paid to whom.
    #[command(subcommand)]
    Payouts(payouts::Command),
    /// Where money comes from.
    #[command(subcommand)]
    Funding(funding::Command),
    /// Take money out of a funding account, to destinations that somebody allowed.
    #[command(subcommand)]
    Withdrawal(withdrawal::Command),
    /// In what may be paid.
    #[command(subcommand)]
    PaymentToken(payment_token::Command),
}

impl Cli {
    /// Does what was asked; errors are printed.
    pub async fn run(self) -> ExitCode {
        match self.dispatch().await {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever read us has seen enough.
            Err(CommandError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            Err(error) => {
                let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error}\n"));
                ExitCode::FAILURE
            }
        }
    }

    async fn dispatch(self) -> Result<(), CommandError> {
        let globals = &self.globals;
        match self.command {
            Command::Up(command) => command.run(globals).await,
            Command::Demo(command) => command.run(globals).await,
            Command::Bench(command) => command.run(globals).await,
            Command::Token(command) => command.run(globals),
            Command::Network(command) => command.run(globals),
            Command::Sandbox(command) => command.run(globals).await,
            Command::Asset(command) => command.run(globals).await,
            Command::Holders(command) => command.run(globals).await,
            Command::Distribution(command) => command.run(globals).await,
            Command::Ingest(command) => command.run(globals).await,
            Command::Redemption(command) => command.run(globals).await,
            Command::Approval(command) => command.run(globals).await,
            Command::Schedule(command) => command.run(globals).await,
            Command::Pause(command) => command.run(globals).await,
            Command::Diagnose(command) => command.run(globals).await,
            Command::Alerts(command) => command.run(globals).await,
            Command::Restore(command) => command.run(globals).await,
            Command::Payouts(command) => command.run(globals).await,
            Command::Funding(command) => command.run(globals).await,
            Command::Withdrawal(command) => command.run(globals).await,
            Command::PaymentToken(command) => command.run(globals).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;
    use clap::{CommandFactory as _, Parser as _};

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// The words of a line as a shell takes them; comments are left out.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut quoted, mut word) = (Vec::new(), false, None::<String>);
        for c in line.chars() {
            match c {
                '"' => {
                    quoted = !quoted;
                    word.get_or_insert_default();
                }
                '#' if !quoted && word.is_none() => break,
                ' ' if !quoted => words.extend(word.take()),
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }

    #[test]
    fn every_command_of_the_readme_is_one() {
        let readme = include_str!("../../../README.md");
        let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("bursar ")).collect();
        assert!(commands.len() > 8, "{commands:?}");
        for line in commands {
            match Cli::try_parse_from(words(line)) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::DisplayHelp => {}
                Err(error) => panic!("{line}: {error}"),
            }
        }
    }
}
