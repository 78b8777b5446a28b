//! What the suites share that end execution's processes on purpose, or run it with bugs planted.

pub mod rig;
