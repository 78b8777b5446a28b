//! Loops that act by themselves. They only call use cases. One for each service that is told something, so that none waits for
//! another.

mod register_assets;
mod tell_pauses;

pub(crate) use register_assets::register_assets;
pub(crate) use tell_pauses::tell_pauses;
