//! The life of a distribution under people who do what they can at any moment: every state and every refusal is as the
//! contract says, pauses hold, sums are conserved at every look, and nobody is paid twice by the network's own ledger.

mod model;
mod race;
mod random_acts;
mod subject;

use std::time::Duration;

use auth::Role;
use test_harness::{Edge, Harness, fast};

const ROLES: [Role; 4] = [Role::Payout, Role::Pauser, Role::PaymentTokenManager, Role::Admin];
/// How long anything may take: an attempt that was never sent waits for the end of its window.
const PATIENCE: Duration = Duration::from_mins(3);

/// A suite that sends at most so many transactions a second, so that people come in between.
async fn start(transactions_per_second: u32) -> (Harness, Edge) {
    let harness = Harness::start_with(|config| {
        let mut config = fast(config);
        config.execution.transactions_per_second = transactions_per_second;
        config
    });
    let harness = harness.await.expect("started");
    let edge = harness.edge("ann", &ROLES).await.expect("connected");
    (harness, edge)
}
