//! The execution service on real PostgreSQL, against the sandbox's network, over the real wire.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test failing")]

mod cancel;
mod doubt;
mod funding_accounts;
mod limits;
mod pause;
mod pay;
mod restorable;
mod schema;
mod start_run;
mod support;
mod sweep;
mod trouble;
