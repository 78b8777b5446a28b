//! What the suites share: processes that are ended on purpose or have bugs planted, and how payments are seen.

pub mod killing;
pub mod rig;
pub mod seen;
