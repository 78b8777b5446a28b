//! What the suites share: execution's processes that are ended on purpose or have bugs planted, and how payments are seen.

pub mod rig;
pub mod seen;
