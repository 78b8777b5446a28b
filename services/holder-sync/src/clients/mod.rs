//! Whom this service asks: the mirror node. Concrete: tests run it against the sandbox's mirror node.

mod mirror;

pub use mirror::{BalanceReader, ReadError, TokenNow};
