//! The harness itself: what other suites rely on.

mod harness;
mod processes;
