//! What the edge is about, without a connection: where methods lead, and what is recorded.

mod audit;
mod routes;

pub(crate) use audit::{Attempt, Outcome, RequestDigest, kept_key};
pub(crate) use routes::{Route, Routes};
