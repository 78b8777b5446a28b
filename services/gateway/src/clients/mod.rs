//! The services behind the edge.

mod upstream;

pub(crate) use upstream::Service;
