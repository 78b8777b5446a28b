//! No claims, no action: every method of the contract at the gateway and around it, and every service's database.
//!
//! Who may do what stands here a second time, in [`contract`]: a method that is added, or whose policy changes, fails this
//! suite until somebody has said here too that it is meant.

mod audit;
mod calls;
mod contract;
mod databases;
mod direct;
mod enums;
mod halts;
mod kinds;
mod roles;
mod tokens;
