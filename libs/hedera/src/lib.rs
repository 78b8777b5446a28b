//! Hedera as a payment rail: identifiers, transfers ready to send, what the network's answers mean, and the two ways to
//! talk to it (consensus nodes over gRPC, a mirror node over REST).
//!
//! It owns no policy: nothing here decides to pay, to retry a payment or to give one up. It reports evidence in types
//! that keep "refused", "unknown" and "proven absent" apart.
//!
//! Invariants:
//! * A transfer is sent as the very bytes that [`transfer::prepare`] made and the caller stored; they are never encoded again.
//! * A submission is never repeated by this library or the channel below it.
//! * Amounts are integers in the smallest unit; times are nanoseconds since the Unix epoch.

pub mod ids;
pub mod key;
pub mod mirror;
pub mod node;
pub mod status;
pub mod time;
pub mod transfer;

/// Messages and client of the Hedera API, generated from `proto/third_party/hedera/hapi.proto`.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated code")]
pub mod hapi {
    tonic::include_proto!("proto");
}

pub use ids::{AccountId, EvmAddress, TokenId, TransactionId};
pub use key::{Ed25519Key, Signer};
pub use status::Status;
