//! What the edge does with every call: admits it, counts it, records it.

mod admit;
mod audit;
mod audit_writer;
mod in_flight;
mod strangers;

pub(crate) use admit::{Caller, Doorkeeper, permit};
pub(crate) use audit::{AuditLog, Ticket};
pub(crate) use in_flight::InFlight;
