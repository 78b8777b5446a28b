//! The edge: the one place where somebody from outside reaches the suite.
//!
//! Owns: who a caller is (its JWT), whether the contract lets it call a method, and the audit record of every call
//! that changes something and of every call that was refused for its caller. Of callers who did not prove who they are
//! only so many have records of their own, and these count the others: anybody could fill the log.
//!
//! Never: decodes a request or an answer, and has no code per method. Methods, policies and the service a method
//! belongs to come from the descriptor set; bytes are passed on as they are.
//!
//! Invariants:
//! * It does not start when a method has no policy, or a public package has no service.
//! * An `internal` method is never forwarded; nor is a caller's own `authorization`, or any metadata the gateway does
//!   not know.
//! * A call with effects is forwarded only once its attempt is committed to the audit log. When that cannot be written
//!   the call is refused.
//! * A stream ends when its caller's token does.

mod app;
mod clients;
mod config;
mod domain;
mod error;
mod jobs;
mod rpc;
mod server;
mod store;

pub use config::{Args, Config, EdgeLimits, Upstream};
pub use server::run;
pub use store::MIGRATIONS;

/// The name of this service in keys and tokens.
pub const NAME: &str = auth::policy::GATEWAY;
