//! The network's messages, generated from `proto/third_party/hedera`.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "generated code; its documentation is in the protos"
)]

tonic::include_proto!("proto");
