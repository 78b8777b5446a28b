//! The gateway before a real service, over real connections, with a contract of its own.

mod audit;
mod contract;
mod echo;
mod forwarding;
mod limits;
mod start;
mod suite;
mod tokens;
