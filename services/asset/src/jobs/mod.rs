//! Loops that act by themselves. They only call use cases.

mod register_assets;

pub use register_assets::register_assets;
