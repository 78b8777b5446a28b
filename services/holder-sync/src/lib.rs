//! Who holds what, when: the current holders of every asset, the history of their balances, and frozen snapshots.
//!
//! It owns followed assets, syncs, snapshots, what it learnt of accounts, holders and their history. It never knows what an
//! asset stands for, never decides who is paid, and never writes to the network.
//!
//! Invariants:
//! * Every set of balances is of one consistent state of the network: one that the mirror node stores, at or before the time
//!   asked for, whose own time is stated. A page of another state spoils the reading.
//! * What was read is counted and summed before it is used, and used in one transaction, by whoever holds the job's lease. A
//!   reading that was cut off means nothing; its work is begun from nothing by whoever takes it over.
//! * A snapshot that is ready never changes: no later reading can add to its rows, and `account` is insert-only.
//! * History is append-only and moves forward in the network's time.
//! * Memory does not grow with the number of holders.

mod app;
mod clients;
mod config;
mod domain;
mod error;
mod jobs;
mod rpc;
mod server;
mod store;

pub use config::{Args, Config};
pub use server::run;
pub use store::MIGRATIONS;

/// The name of this service in keys and tokens.
pub const NAME: &str = "holder-sync";

/// Who may call this service.
pub const CALLERS: [&str; 3] = ["asset", "distribution", "gateway"];
