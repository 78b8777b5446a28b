//! Loops that act by themselves. They only call use cases.

mod register_assets;

pub(crate) use register_assets::register_assets;
