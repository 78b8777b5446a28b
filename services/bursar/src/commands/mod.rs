//! One file per command.

pub mod alerts;
pub mod approval;
pub mod asset;
pub mod bench;
pub mod demo;
pub mod diagnose;
pub mod distribution;
pub mod funding;
pub mod holders;
pub mod ingest;
pub mod network;
pub mod pause;
pub mod payment_token;
pub mod payouts;
pub mod redemption;
pub mod restore;
pub mod sandbox;
pub mod schedule;
pub mod token;
pub mod up;
pub mod withdrawal;
