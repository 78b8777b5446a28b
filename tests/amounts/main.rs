//! Amounts in full from the gateway to the ledger: what comes off, and what is carried forward and paid once.

mod carried;
mod killed;
mod refused;
mod released;
mod shares;
mod world;
