//! Amounts in full from the gateway to the ledger: what comes off, and what is carried forward and paid once.

mod beside;
mod calculated;
mod killed;
mod minimum;
mod raced;
mod reckoning;
mod refused;
mod released;
mod unchanged;
mod world;
