//! The whole suite under test: in this process ([`Harness`]), or as the processes an installation runs ([`Processes`]).
//!
//! Owns: starting and stopping, tokens and typed clients per role, the sandbox's control API, waiting with deadlines.
//! Never: a mock of our own services, or a wait without a bound.

mod build;
mod environment;
mod error;
mod harness;
mod ports;
mod processes;
mod program;
mod scenario;
pub mod wait;

pub use bursar::commands::schedule::terms_of;
pub use bursar::edge::{Credentials, Edge};
pub use bursar::sandbox_control::{ControlError, LedgerEffect, SandboxControl};
pub use bursar::suite::SuiteConfig;

pub use error::HarnessError;
pub use harness::{Harness, fast};
pub use processes::Processes;
pub use program::Program;
pub use scenario::{Scenario, Terms};
