//! Whom execution asks: the rail and its keys.

pub mod hedera_rail;
pub mod keyring;
pub mod pacer;
pub mod traffic;
