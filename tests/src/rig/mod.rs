//! A rig: one database, one sandbox network, and execution as processes of its own that share both.
//!
//! Owns: starting, killing, stopping and continuing workers; speaking to them as the service `distribution`; judging
//! what they did by the sandbox's ledger.

mod asking;
mod bench;
pub mod checker;
mod driver;
mod ledger;
mod program;
pub mod record;
mod worker;

pub use asking::Of;
pub use bench::{LEASE, Rig};
pub use driver::Driver;
pub use ledger::Ledger;
pub use program::failpoints_program;
pub use worker::{Action, Worker};

/// Whatever went wrong, with a text that says what.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
