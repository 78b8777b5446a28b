//! The README's own lines, typed as they stand.

use std::process::{Command, Stdio};

use bursar::sandbox_control::SandboxControl;

use crate::program::{Up, folder};

/// From the alias to the end of its block.
fn lines() -> &'static str {
    let readme = include_str!("../../../../README.md");
    let (_, rest) = readme.split_once("alias bursar=./target/release/bursar\n").expect("the alias");
    rest.split_once("```").expect("the block's end").0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_own_lines_pay_a_dividend() {
    let (data, work) = (folder(), folder());
    let up = Up::start(data.path(), &["--sandbox"]);
    // A script has no aliases; a function of the same name is as good.
    let script = format!("set -eu\nbursar() {{ \"$PROGRAM\" \"$@\"; }}\n{}", lines());
    let typed = Command::new("bash")
        .args(["-c", &script])
        .current_dir(work.path())
        .env("PROGRAM", env!("CARGO_BIN_EXE_bursar"))
        .env("BURSAR_DATA", data.path())
        .env_remove("BURSAR_GATEWAY")
        .env_remove("BURSAR_TOKEN")
        .stdin(Stdio::null())
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&typed.stdout);
    assert!(typed.status.success(), "{said}\n{}", String::from_utf8_lossy(&typed.stderr));

    let file = work.path().join("payouts.csv");
    let rows = csv::Reader::from_path(file).expect("the file").into_deserialize();
    let rows: Vec<std::collections::HashMap<String, String>> = rows.collect::<Result<_, _>>().expect("rows");
    assert!(rows.iter().all(|row| row["status"] == "PAID"), "{rows:?}");
    let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
    let effects = control.effects("0.0.1003").await.expect("the ledger");
    assert_eq!(effects.len(), rows.len());
    // All but the zero address, which nobody can pay.
    assert_eq!(rows.len(), 499);
    assert!(up.stop().success());
}
