//! The one handler behind every method: `forward`. `headers` says what is passed on, `observed` watches the answer.

mod forward;
mod headers;
mod observed;

pub(crate) use forward::{Edge, Forward};
