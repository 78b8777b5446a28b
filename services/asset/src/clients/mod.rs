//! Whom this service asks and tells: the mirror node about tokens, the holder service about syncs, execution about pauses.
//!
//! All are concrete: tests run the real clients against the sandbox's mirror node and the other services' contracts.

mod execution;
mod holders;
mod mirror;

pub(crate) use execution::{Execution, ExecutionError};
pub(crate) use holders::{HolderError, Holders};
pub(crate) use mirror::TokenReader;
