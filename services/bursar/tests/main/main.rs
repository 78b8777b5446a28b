//! The program as a person starts it, and the whole suite behind it.

mod demo;
mod ingest;
mod pause;
mod program;
mod schedule;
mod up;
