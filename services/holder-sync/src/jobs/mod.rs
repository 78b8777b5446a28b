//! Loops that act by themselves. They only call use cases.

mod schedule;
mod sweep;
mod work;

pub use schedule::schedule;
pub use sweep::sweep;
pub use work::work;
