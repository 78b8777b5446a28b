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

/// Of every program that links this. Requests are made on one thread and freed on another all the time, where the C library's
/// own allocator takes a lock: `make bench` took an eighth longer with it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use shutdown::Shutdown;
pub use start_error::StartError;
