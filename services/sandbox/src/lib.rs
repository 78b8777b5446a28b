//! A simulated Hedera network: two or more consensus nodes (gRPC) and two mirror node replicas (REST) over one ledger of
//! its own, faults that can be switched on, and a control API to build the world and read the ledger.
//!
//! The sandbox judges what the services did, so it shares no code with them: only the network's public protos, compiled
//! here a second time. It never trusts a caller: what a real node would refuse, it refuses with the same status.
//!
//! * [`ledger`] owns state and rules: pure, no clock, no IO.
//! * [`node`] speaks the consensus nodes' gRPC; [`mirror`] the mirror node's REST; `control` the control API.
//! * [`faults`] decides what goes wrong, and counts it. Without faults nothing is delayed or lost.
//! * [`world`] is the shared ledger with its journal: what was answered survives a kill of the process.

pub mod config;
mod control;
pub mod faults;
pub mod hapi;
mod journal;
pub mod ledger;
pub mod mirror;
pub mod node;
mod serve;
mod server;
pub mod world;

pub use config::Config;
pub use journal::JournalError;
pub use server::{Error, MirrorNode, Network, Node, Operator, Sandbox, start};
