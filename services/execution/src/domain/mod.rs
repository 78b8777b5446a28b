//! The rules of paying: pure, without clock, chance or IO.

pub mod adoption;
pub mod alert;
pub mod attempt;
pub mod diagnosis;
pub mod limits;
pub mod memo;
pub mod pause;
pub mod payout;
pub mod plan;
pub mod progress;
pub mod recipient;
pub mod recovery;
pub mod retry;
pub mod run;
pub mod sweep;
