//! Whom this service asks: the mirror node about tokens, the holder service about syncs.
//!
//! Both are concrete: tests run the real clients against the sandbox's mirror node and a real holder service's contract.

mod holders;
mod mirror;

pub(crate) use holders::{HolderError, Holders};
pub(crate) use mirror::TokenReader;
