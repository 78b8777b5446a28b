//! The benchmark: the whole path beside a bare loop of COPY and batch commits, in one run on one database.
//!
//! The bare loop ([`store`]) is what the database alone takes for a row per payee and a row per result with the same
//! number of connections: it knows no rail, no lease, no attempt. It is measured with primary keys alone, and with three more
//! indexes on the payees. The next one ([`protocol`]) writes what the protocol
//! must write, attempts with their exact bytes and who is live included. The last ([`rail`]) sends the transactions and writes
//! nothing. What the whole path takes more than calculation, rows and rail together is its own doing. Only ratios are a
//! result; absolute times move with the machine.

mod path;
mod protocol;
mod rail;
mod store;

use std::time::Duration;

use self::store::Indexes;
use crate::demo::{Options, Stage};
use crate::error::CommandError;
use crate::output::Screen;
use crate::suite::{Suite, SuiteConfig};

/// Workers of execution and connections of the bare loops.
const WORKERS: u32 = 8;
/// Batches of the run at the same time.
const PARALLELISM: u32 = 4 * WORKERS;
/// Payouts per batch.
const BATCH_SIZE: u32 = 100;

/// What was measured.
#[derive(Clone, Copy, Debug)]
struct Measured {
    payees: u32,
    /// From the order to create to the calculated distribution: snapshot, calculation, entitlements stored.
    calculated: Duration,
    /// From there to every payout recorded as paid: hand-over and execution.
    paid: Duration,
    /// The bare loop with primary keys alone.
    bare: Duration,
    /// The bare loop with three more indexes on the payees.
    indexed: Duration,
    /// The bare loop that writes the protocol's rows.
    protocol: Duration,
    /// The transactions alone.
    rail: Duration,
    /// The most memory this process had until the whole path had ended.
    peak_mib: u64,
}

/// A suite that is as fast as the machine: the sandbox without latency, no pace of sending.
pub fn tuned(mut config: SuiteConfig) -> SuiteConfig {
    config.execution.workers = WORKERS;
    config.execution.transactions_per_second = 0;
    config
}

/// Runs both on a suite that was just started on the sandbox, and prints the table.
///
/// # Errors
/// When a step fails, or when not every payee was paid.
pub async fn run(suite: &Suite, options: &Options, screen: Screen) -> Result<(), CommandError> {
    let stage = Stage::on(suite, screen).await?;
    let path = path::measure(&stage, options).await?;
    let measured = Measured {
        payees: path.payees,
        calculated: path.calculated,
        paid: path.paid,
        peak_mib: peak_memory_mib(),
        bare: store::measure(suite.cluster(), path.payees, Indexes::PrimaryKeys).await?,
        indexed: store::measure(suite.cluster(), path.payees, Indexes::ThreeMore).await?,
        protocol: protocol::measure(suite.cluster(), path.payees).await?,
        rail: rail::measure(suite, &stage, &path).await?,
    };
    for line in table(&measured) {
        stage.say(line)?;
    }
    Ok(())
}

fn table(measured: &Measured) -> Vec<String> {
    let whole = measured.calculated + measured.paid;
    let row = |what: &str, took: Duration| {
        let rate = u128::from(measured.payees) * 1000 / took.as_millis().max(1);
        let ratio = |to: Duration| {
            let percent = took.as_millis() * 100 / to.as_millis().max(1);
            format!("{}.{:02}", percent / 100, percent % 100)
        };
        let (bare, indexed) = (ratio(measured.bare), ratio(measured.indexed));
        format!("{what:<44} {:>8} ms {rate:>10}/s {bare:>8} {indexed:>10}", took.as_millis())
    };
    vec![
        format!(
            "{:<44} {:>11} {:>12} {:>8} {:>10}",
            format!("{} payees", measured.payees),
            "time",
            "payouts",
            "to bare",
            "to indexed"
        ),
        row("bare loop of COPY and batch commits", measured.bare),
        row("the same with three more indexes on payees", measured.indexed),
        row("the protocol's own rows", measured.protocol),
        row("the rail alone: sign, send, ask", measured.rail),
        row("snapshot and calculation", measured.calculated),
        row("hand-over and execution", measured.paid),
        row("  its rows and its rail, each alone", measured.protocol + measured.rail),
        row("the whole path", whole),
        format!("peak memory of this process (services and sandbox): {} MiB", measured.peak_mib),
    ]
}

/// The highest resident memory of this process, from the kernel's own accounting.
fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib =
        peak.and_then(|rest| rest.trim().strip_suffix(" kB")).and_then(|kib| kib.trim().parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Measured, peak_memory_mib, table};

    #[test]
    fn the_table_shows_times_rates_and_ratios_to_both_bare_loops() {
        let seconds = Duration::from_secs;
        let measured = Measured {
            payees: 1000,
            calculated: seconds(1),
            paid: seconds(2),
            bare: seconds(2),
            indexed: seconds(4),
            protocol: seconds(3),
            rail: seconds(1),
            peak_mib: 7,
        };
        let lines = table(&measured);
        assert!(lines[1].ends_with("2000 ms        500/s     1.00       0.50"), "{}", lines[1]);
        assert!(lines[2].ends_with("4000 ms        250/s     2.00       1.00"), "{}", lines[2]);
        assert!(lines[3].ends_with("3000 ms        333/s     1.50       0.75"), "{}", lines[3]);
        assert!(lines[4].ends_with("1000 ms       1000/s     0.50       0.25"), "{}", lines[4]);
        assert!(lines[7].ends_with("4000 ms        250/s     2.00       1.00"), "{}", lines[7]);
        assert!(lines[8].ends_with("3000 ms        333/s     1.50       0.75"), "{}", lines[8]);
        assert!(lines[9].ends_with("7 MiB"), "{}", lines[9]);
    }

    #[test]
    fn this_process_uses_some_memory() {
        assert!(peak_memory_mib() > 0);
    }
}
