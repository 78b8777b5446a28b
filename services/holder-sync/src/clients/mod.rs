//! Whom this service asks: the mirror node. Concrete: tests run it against the sandbox's mirror node.

mod mirror;

pub(crate) use mirror::{BalanceReader, ReadError, TokenFacts};
