//! The contract of the tests: one service with a method of each kind and policy.

use std::path::Path;

use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

const HEAD: &str = r#"
    syntax = "proto3";
    package bursar.test.v1;
    import "bursar/auth/v1/policy.proto";
    import "google/protobuf/wrappers.proto";
"#;

const METHODS: &str = "
    rpc Read(google.protobuf.StringValue) returns (google.protobuf.StringValue) {
        option idempotency_level = NO_SIDE_EFFECTS;
        option (bursar.auth.v1.policy) = { any_of: { roles: [ROLE_VIEWER] } }; }
    rpc Write(google.protobuf.StringValue) returns (google.protobuf.StringValue) {
        option (bursar.auth.v1.policy) = { any_of: { roles: [ROLE_PAYOUT, ROLE_ADMIN] } }; }
    rpc Watch(google.protobuf.StringValue) returns (stream google.protobuf.StringValue) {
        option idempotency_level = NO_SIDE_EFFECTS;
        option (bursar.auth.v1.policy) = { any_of: { roles: [ROLE_VIEWER] } }; }
    rpc Upload(stream google.protobuf.StringValue) returns (google.protobuf.StringValue) {
        option (bursar.auth.v1.policy) = { any_of: { roles: [ROLE_PAYOUT] } }; }
    rpc Chat(stream google.protobuf.StringValue) returns (stream google.protobuf.StringValue) {
        option idempotency_level = NO_SIDE_EFFECTS;
        option (bursar.auth.v1.policy) = { any_of: { roles: [ROLE_VIEWER] } }; }
    rpc Hidden(google.protobuf.StringValue) returns (google.protobuf.StringValue) {
        option (bursar.auth.v1.policy) = { internal: true }; }
    rpc Open(google.protobuf.StringValue) returns (google.protobuf.StringValue) {
        option idempotency_level = NO_SIDE_EFFECTS;
        option (bursar.auth.v1.policy) = { public: true }; }";

struct Source(String);

impl FileResolver for Source {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == "test.proto" {
            File::from_source(name, &self.0)
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}

/// The contract as the gateway reads it.
pub(crate) fn descriptor_set() -> Vec<u8> {
    with_methods(METHODS)
}

/// The same with one more method, which says nothing about who may call it.
pub(crate) fn with_a_method_without_policy() -> Vec<u8> {
    with_methods(&format!(
        "{METHODS} rpc Naked(google.protobuf.StringValue) returns (google.protobuf.StringValue);"
    ))
}

fn with_methods(methods: &str) -> Vec<u8> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let mut resolver = ChainFileResolver::new();
    resolver.add(Source(format!("{HEAD} service EchoService {{ {methods} }}")));
    resolver.add(IncludeFileResolver::new(protos));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file("test.proto").expect("the contract compiles");
    compiler.encode_file_descriptor_set()
}
