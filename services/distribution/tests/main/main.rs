//! The service as its callers see it: over real gRPC, on a real database, with neighbours on the other end of the wire.

mod cancel;
mod create;
mod execute;
mod jobs;
mod lists;
mod preview;
mod redeem;
mod redemptions;
mod roles;
mod stage;
mod support;
