//! The rules of paying: pure, without clock, chance or IO.

pub mod adoption;
pub mod attempt;
pub mod limits;
pub mod memo;
pub mod pause;
pub mod payout;
pub mod plan;
pub mod progress;
pub mod retry;
pub mod run;
pub mod sweep;
