//! What the gateway does by itself.

mod refresh_keys;

pub(crate) use refresh_keys::refresh_keys;
