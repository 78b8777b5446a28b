//! The distribution service: who is owed what, and when.
//!
//! It owns distributions and their schedules: the decision to pay an asset's holders, the calculation from a frozen snapshot, and where each
//! stands until its run has ended. It never moves money, never reads a chain and never keeps balances: it asks the
//! holder service whose they are and hands execution a list it can only pay once.
//!
//! Invariants:
//! * One distribution, one snapshot, one run: both ids are minted and committed with it, so that asking twice is asking
//!   once. One calculation counts, and nothing in it ever changes; `entitled + residue = pool` holds in the database.
//! * Principal is paid once per unit held: a calculation of a redemption reserves what it counts, in the transaction in
//!   which it counts, and no other counts that again unless it was given back as proven unpaid.
//! * Redemptions are changed through `RedemptionService` alone, and nothing else through it.
//! * One occurrence of a schedule, one distribution: both are written by one transaction under the schedule's lock, and the
//!   occurrence's key is its place in the schedule. Firing asks no other service.
//! * Nothing is handed over before the state ONGOING is committed, and only the job hands over, one replica at a time.
//! * Once a cancel has returned nothing new is sent: no run is begun from CANCELLING, and execution refuses for ever a
//!   run it was told to cancel before it had it.
//!
//! Reading order: `rpc/create_distribution.rs`, `app/create_distribution.rs`, `domain/calculation.rs`,
//! `domain/state.rs`, `app/advance`, `store/states.rs`; for schedules `domain/round.rs`, `app/fire_schedules.rs`.

mod app;
mod clients;
mod config;
mod domain;
mod error;
pub mod failpoints;
mod jobs;
mod refusal;
mod rpc;
mod server;
mod store;
mod time;

pub use config::{Args, Config};
pub use jobs::Pace;
pub use server::run;
pub use store::MIGRATIONS;

/// The name of this service: in its keys, tokens and log.
pub const NAME: &str = "distribution";
/// Who may call it.
pub const CALLERS: [&str; 1] = ["gateway"];
