//! The rules of paying: pure, without clock, chance or IO.

pub mod alert;
pub mod attempt;
pub mod diagnosis;
pub mod pause;
pub mod payout;
pub mod plan;
pub mod progress;
pub mod recipient;
pub mod retry;
pub mod run;
