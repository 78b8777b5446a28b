//! What can be paid on, and in what: assets with the facts of their tokens, their pauses, accepted payment tokens.
//!
//! It owns the tables `asset`, `token_facts` and `payment_token`. It never holds balances (the holder service does), never
//! decides who is paid, and never writes to the network.
//!
//! Invariants:
//! * One token is one asset, whoever imports it how often; a bond has terms and nothing else has.
//! * Every asset becomes known to the holder service: at import, or later by the registration job.
//! * Every change of a pause becomes known to execution: before the call that made it answers, or later by the telling job.
//!   Versions ascend with the changes, and execution goes by the highest.
//! * A payment token that takes a fee from what the payee receives is never accepted.
//! * The database belongs to one network, and so does every code in it.

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
pub const NAME: &str = "asset";

/// Who may call this service.
pub const CALLERS: [&str; 2] = ["distribution", "gateway"];
