//! The service as its callers see it: over real gRPC, on a real database, with neighbours on the other end of the wire.

mod approval_policies;
mod approval_races;
mod approval_stage;
mod approve;
mod cancel;
mod create;
mod execute;
mod hints;
mod ingest;
mod jobs;
mod listed;
mod lists;
mod modify;
mod outlook;
mod preview;
mod redeem;
mod redemptions;
mod rerun;
mod retry_payouts;
mod roles;
mod schedule_changes;
mod schedule_drafts;
mod schedule_firing;
mod schedule_stage;
mod stage;
mod support;
