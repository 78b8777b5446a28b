//! Loops that act by themselves. They only call use cases.

mod schedule;
mod sweep;
mod work;

pub(crate) use schedule::schedule;
pub(crate) use sweep::sweep;
pub(crate) use work::work;
