//! The asset service against a real database and the sandbox's mirror node, through its RPCs.

mod access;
mod imports;
mod lists;
mod pauses;
mod pauses_told;
mod payment_tokens;
mod support;
mod syncs;
