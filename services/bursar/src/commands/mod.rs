//! One file per command.

pub mod asset;
pub mod bench;
pub mod demo;
pub mod distribution;
pub mod funding;
pub mod holders;
pub mod network;
pub mod pause;
pub mod payment_token;
pub mod payouts;
pub mod redemption;
pub mod restore;
pub mod schedule;
pub mod token;
pub mod up;
