//! The program as a person starts it, and the whole suite behind it.

mod amounts;
mod approval;
mod demo;
mod diagnose;
mod ingest;
mod pause;
mod program;
mod readme;
mod schedule;
mod up;
mod withdrawal;
