//! The holder service against a real database and the sandbox's mirror node, through its RPCs.

mod access;
mod holders;
mod jobs;
mod record_times;
mod settings;
mod snapshots;
mod support;
mod syncs;
