//! The program a newcomer runs: the whole suite in one process, a demonstration, and the operator's commands.
//!
//! Owns the composition of the services ([`suite`]) and what a person types ([`cli`]). Decides nothing about money: every
//! command goes through the gateway, with a token, like any other caller.

pub mod bench;
pub mod cli;
pub mod commands;
pub mod demo;
pub mod edge;
pub mod error;
mod follow;
pub mod names;
pub mod output;
pub mod payout_rows;
pub mod sandbox_control;
pub mod session;
pub mod suite;
pub mod time;
