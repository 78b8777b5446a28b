//! Compiles the part of the Hedera API that is used here, without `protoc`. Client code only.

use std::error::Error;

const ROOT: &str = "../../proto/third_party/hedera";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={ROOT}");
    let files = protox::compile([format!("{ROOT}/hapi.proto")], [ROOT])?;
    tonic_prost_build::configure().build_server(false).compile_fds(files)?;
    Ok(())
}
