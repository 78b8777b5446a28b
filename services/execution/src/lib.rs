//! Paying: runs, batches, payouts, attempts.
//!
//! Owns: funding accounts and, alone, their keys; what was intended, sent and learnt. Never: decides who is owed what,
//! or changes an instruction.
//!
//! Invariants (`ARCHITECTURE.md` has the protocol and why):
//! * Nothing is sent whose exact bytes are not committed. Nothing is sent after cancel or halt has returned, but bytes
//!   whose sending had begun before.
//! * A payout has at most one live attempt, by a primary key; the next one takes its place by compare-and-set, from
//!   an attempt that is dead.
//! * An attempt is dead only by evidence from the rail that no copy of it can ever take effect; a timer is none.
//! * Every write of a worker counts only under the epoch of its lease.

pub mod app;
pub mod clients;
mod config;
pub mod domain;
mod error;
pub mod failpoints;
mod jobs;
mod rpc;
mod server;
pub mod store;

pub use config::{Config, Node, Options, Tuning};
pub use error::Error;
pub use server::{MIGRATIONS, run};

/// The service's name: in its keys, its database and its log.
pub const NAME: &str = "execution";
/// Whose tokens it accepts.
pub const CALLERS: [&str; 3] = ["asset", "distribution", "gateway"];
