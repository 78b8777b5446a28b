//! `PostgreSQL` for every service: pool, migrations, transactions, exact integers, bulk writes, idempotency keys, what
//! a store finds wrong, and a private cluster for development and tests.
//!
//! What this crate owns: how a service reaches *its own* database. What it never does: know a service's tables, or
//! connect a service to another service's database.
//!
//! Invariants:
//! * Two roles per database. The owner role migrates; the runtime role has only what migrations grant it, because a
//!   table's owner can always grant itself DELETE again.
//! * No statement timeout anywhere: it would also cancel a COMMIT that waits for its synchronous standby, which then
//!   reports success with a mere warning although the rows can be lost. Lock waits and idle transactions are bounded
//!   instead (see [`connect`]).
//! * Amounts are [`Numeric128`]: integers from 0 to 2^128 − 1, never a float, never a fraction.

mod config;
mod copy;
pub mod embedded;
mod error;
pub mod idempotency;
mod identity;
pub mod installation;
mod migrate;
mod numeric;
mod pool;
mod prepared;
mod schema;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
mod transaction;

pub use config::DbConfig;
pub use copy::CopyIn;
pub use error::PgError;
pub use identity::{ClusterIdentity, identity};
pub use migrate::migrate;
pub use numeric::{Numeric128, NumericError};
pub use pool::{Conn, Planner, Pool, connect, is_lock_timeout, join_sets, look_up};
pub use prepared::{Prepare, Prepared};
pub use store::{Inconsistent, StoreError, exactly_one};
pub use transaction::transaction;
