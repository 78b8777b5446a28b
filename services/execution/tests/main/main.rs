//! The execution service on real PostgreSQL, against the sandbox's network, over the real wire.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test failing")]

mod alerts;
mod batches;
mod breaks;
mod cancel;
mod control;
mod diagnose;
mod doubt;
mod foreign;
mod forgotten;
mod funding_accounts;
mod gate;
mod hints;
mod leases;
mod limits;
mod list_runs;
mod pause;
mod pay;
mod race;
mod recipients;
mod recovery;
mod restorable;
mod retry_payouts;
mod retry_policy;
mod schema;
mod start_run;
mod supersede;
mod support;
mod sweep;
mod trouble;
mod withdraw;
