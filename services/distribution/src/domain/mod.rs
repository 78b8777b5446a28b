//! What a distribution is and the rules it follows: pure. No clock, no randomness, no IO; time and ids come in.

pub(crate) mod account;
pub(crate) mod approval;
pub(crate) mod calculation;
pub(crate) mod comparison;
pub(crate) mod deduction;
pub(crate) mod distribution;
pub(crate) mod failure;
pub(crate) mod forecast;
pub(crate) mod ingest;
pub(crate) mod kind;
pub(crate) mod list;
pub(crate) mod phase;
pub(crate) mod preview;
pub(crate) mod redemption;
pub(crate) mod rerun;
pub(crate) mod round;
pub(crate) mod run_news;
pub(crate) mod schedule;
pub(crate) mod state;
pub(crate) mod treatment;
