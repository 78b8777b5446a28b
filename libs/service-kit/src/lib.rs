//! What every service needs to run: configuration, log, a server with limits and an end, calls to other
//! services, errors as the caller sees them, paging and idempotency keys.
//!
//! Never: anything a single service owns. Nothing here knows a method, a table or an asset.

pub mod client;
pub mod clock;
pub mod config;
pub mod error;
pub mod failpoints;
pub mod idempotency;
pub mod page;
pub mod serve;
mod shutdown;
mod start_error;
pub mod telemetry;
pub mod validate;

pub use shutdown::Shutdown;
pub use start_error::StartError;
