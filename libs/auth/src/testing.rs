//! Descriptor sets and keys for this crate's tests.

use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

/// The option as `proto/bursar/auth/v1/policy.proto` defines it. A copy, so that the reader is tested
/// without the project's own contract.
const POLICY_PROTO: &str = r#"
    syntax = "proto3";
    package bursar.auth.v1;
    import "google/protobuf/descriptor.proto";
    extend google.protobuf.MethodOptions { Policy policy = 50001; }
    message Policy { oneof rule { AnyOf any_of = 1; bool internal = 2; bool public = 3; bool recipient_link = 4; } }
    message AnyOf { repeated Role roles = 1; }
    enum Role { ROLE_UNSPECIFIED = 0; ROLE_PAYOUT = 1; ROLE_CASHOUT = 2; ROLE_PAUSER = 3;
        ROLE_PAYMENT_TOKEN_MANAGER = 4; ROLE_TRANSFERER = 5; ROLE_APPROVER = 6; ROLE_ADMIN = 7;
        ROLE_PARTNER = 8; ROLE_VIEWER = 9; }
"#;

struct Sources(Vec<(&'static str, String)>);

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.iter().find(|(known, _)| *known == name) {
            Some((_, source)) => File::from_source(name, source),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// The descriptor set of one service `Service` in `package` with these methods over a message `M`.
pub(crate) fn descriptor_set(package: &str, methods: &str) -> Vec<u8> {
    let test = format!(
        "syntax = \"proto3\"; package {package}; import \"bursar/auth/v1/policy.proto\";
         message M {{ string text = 1; }} service Service {{ {methods} }}"
    );
    let mut resolver = ChainFileResolver::new();
    resolver
        .add(Sources(vec![("bursar/auth/v1/policy.proto", POLICY_PROTO.to_owned()), ("test.proto", test)]));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file("test.proto").expect("the test's proto compiles");
    compiler.encode_file_descriptor_set()
}
