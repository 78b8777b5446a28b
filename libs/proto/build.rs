//! Generates Rust from the protos, without protoc, and refuses a method that has no policy.

use std::{env, error::Error, fs, path::PathBuf};

use prost_reflect::DescriptorPool;
use protox::Compiler;

/// The files that hold a service, and those that no other file imports.
const ROOTS: &[&str] = &[
    "bursar/asset/v1/asset_service.proto",
    "bursar/asset/v1/payment_token_service.proto",
    "bursar/distribution/v1/approval_service.proto",
    "bursar/distribution/v1/distribution_service.proto",
    "bursar/distribution/v1/ingest_service.proto",
    "bursar/distribution/v1/redemption_service.proto",
    "bursar/distribution/v1/schedule_service.proto",
    "bursar/execution/v1/alert_service.proto",
    "bursar/execution/v1/diagnostics_service.proto",
    "bursar/execution/v1/execution_service.proto",
    "bursar/execution/v1/funding_account_service.proto",
    "bursar/execution/v1/pause_service.proto",
    "bursar/execution/v1/restore_service.proto",
    "bursar/execution/v1/withdrawal_service.proto",
    "bursar/holder/v1/holder_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let proto = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", proto.display());

    let mut compiler = Compiler::new([proto.clone(), proto.join("third_party")])?;
    compiler.include_source_info(true).include_imports(true).open_files(ROOTS)?;
    // `encode_file_descriptor_set` keeps custom options; `file_descriptor_set` drops them.
    let encoded = compiler.encode_file_descriptor_set();
    refuse_methods_without_policy(&encoded)?;
    fs::write(out.join("descriptor_set.bin"), &encoded)?;

    tonic_prost_build::configure()
        .extern_path(".google.protobuf.Timestamp", "::prost_types::Timestamp")
        .extern_path(".google.protobuf.Duration", "::prost_types::Duration")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// Promise 4 of the design: no claims, no action. A method of ours without a policy does not build.
fn refuse_methods_without_policy(encoded: &[u8]) -> Result<(), Box<dyn Error>> {
    let pool = DescriptorPool::decode(encoded)?;
    let policy =
        pool.get_extension_by_name("bursar.auth.v1.policy").ok_or("bursar.auth.v1.policy is missing")?;
    for service in pool.services().filter(|service| service.package_name().starts_with("bursar.")) {
        for method in service.methods() {
            if !method.options().has_extension(&policy) {
                return Err(format!("{} has no (bursar.auth.v1.policy)", method.full_name()).into());
            }
        }
    }
    Ok(())
}
