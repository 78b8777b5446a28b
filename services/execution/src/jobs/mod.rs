//! Loops that act by themselves. They only call `app`.

pub(crate) mod finisher;
pub(crate) mod forgetter;
pub(crate) mod resumer;
pub(crate) mod sweeper;
pub(crate) mod workers;
