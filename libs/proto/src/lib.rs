//! The contract as Rust: generated messages, clients and servers, the descriptor set, and conversions of the message
//! types that several areas share.
//!
//! Invariant: nothing here decides anything. Generated code stays out of git; the build makes it from `proto/`.

/// All of Bursar's protos and what they import, with custom options and comments: for reflection, policies and
/// routing.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor_set.bin"));

macro_rules! generated {
    ($(#[$doc:meta])* $package:literal) => {
        $(#[$doc])*
        #[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated from the protos")]
        pub mod v1 {
            tonic::include_proto!($package);
        }
    };
}

/// What can be paid on: `bursar.asset`.
pub mod asset {
    generated!(
        /// Version 1.
        "bursar.asset.v1"
    );
}

/// Who may call what: `bursar.auth`.
pub mod auth {
    generated!(
        /// Version 1.
        "bursar.auth.v1"
    );
}

/// Who is owed what: `bursar.distribution`.
pub mod distribution {
    generated!(
        /// Version 1.
        "bursar.distribution.v1"
    );
}

/// Paying: `bursar.execution`.
pub mod execution {
    generated!(
        /// Version 1.
        "bursar.execution.v1"
    );
}

/// Who holds what: `bursar.holder`.
pub mod holder {
    generated!(
        /// Version 1.
        "bursar.holder.v1"
    );
}

/// Shared message types: `bursar.type`.
pub mod r#type {
    generated!(
        /// Version 1.
        "bursar.r#type.v1"
    );
}
