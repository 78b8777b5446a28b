//! The tables of execution: SQL lives here and nowhere else.
//!
//! Rows hold primitives; what leaves this room is a domain type, or an error that says which row is inconsistent.
//!
//! Lock order, the same everywhere: word on an asset, withdrawals of an account, pause, sweep, id of a run, run, load,
//! batch, attempt. Whoever supersedes payouts of another run locks that run before it writes its own.

pub mod adoptions;
pub mod alerts;
pub mod attempts;
pub mod batches;
pub mod chosen;
pub mod claims;
pub mod decisions;
pub mod destinations;
pub mod doubts;
pub mod evidence;
pub mod funding_accounts;
pub mod instructions;
pub mod limits;
pub mod loads;
pub mod pauses;
pub mod payouts;
pub mod runs;
#[allow(missing_docs, reason = "columns speak for themselves; the migrations say the rest")]
pub mod schema;
pub mod server;
pub mod supersessions;
pub mod sweeps;
pub mod swept_effects;
mod time;
pub mod withdrawals;

pub use pg::StoreError;
pub use time::At;

/// What a question is answered with that asks whether something is so.
#[derive(diesel::QueryableByName)]
struct AnswerRow {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    answer: bool,
}
