//! Files of payees by command, from the file to the ledger.

use std::collections::BTreeMap;

use bursar::sandbox_control::SandboxControl;
use serde_json::{Value, json};

use crate::program::{Up, folder, json as printed, output, until};

const HEADER: &str = "reference,recipient,amount,currency,note";

fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

/// What the ledger shows that each account was paid of a token, and that none was paid twice.
async fn paid(control: &SandboxControl, token: &str) -> BTreeMap<String, u64> {
    let mut paid = BTreeMap::new();
    for effect in control.effects(token).await.expect("the ledger") {
        assert_eq!(paid.insert(effect.account.clone(), effect.units), None, "{} twice", effect.account);
    }
    paid
}

/// What is printed of a file whose sixth line is refused, and all others with it.
fn refused(file: &str, data: &str) -> Value {
    let refused = output(&["distribution", "ingest", file, "--data", data, "--json"]);
    assert!(!refused.status.success(), "nothing of it is accepted");
    let refused: Value = serde_json::from_slice(&refused.stdout).expect("it is listed all the same");
    assert_eq!((&refused["accepted"], &refused["refused"]), (&json!(0), &json!(1)));
    let error = &refused["errors"][0];
    assert_eq!(
        (&error["line"], &error["column"], &error["reason"]),
        (&json!(6), &json!("recipient"), &json!("RECIPIENT_MALFORMED"))
    );
    refused
}

/// A file with these lines.
fn file_in(folder: &std::path::Path, name: &str, lines: &[String]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, format!("{HEADER}\r\n{}\r\n", lines.join("\r\n"))).expect("written");
    path.to_str().expect("a plain path").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_payees_is_ingested_looked_at_executed_and_paid_once_by_commands() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox"]);
    let call = |words: &[&str]| printed(&[words, &["--data", data, "--json"]].concat());
    let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
    let operator = up.address("operator_account");
    let dollar = json!({
        "name": "Dollar", "symbol": "USD", "decimals": 6, "treasury": operator, "treasury_units": 1_000_000_000_u64,
    });
    let dollar = control.create_token(&dollar).await.expect("created").token_id;
    let address = "0xabcdef0123456789abcdef0123456789abcdef01";
    let mut accounts = Vec::new();
    for body in [json!({}), json!({}), json!({ "evm_address": address })] {
        accounts.push(control.create_account(&body).await.expect("created"));
    }
    call(&["payment-token", "add", &dollar]);
    call(&["funding", "create", "main", "--account", operator]);

    let file = |name: &str, lines: &[String]| file_in(folder.path(), name, lines);
    let line = |reference: &str, recipient: &str, amount: &str| {
        format!("{reference},{recipient},{amount},{dollar},\"a note, with a comma\"")
    };
    let mut lines = vec![
        line("INV-1", &accounts[0], "1.5"),
        line("INV-2", &accounts[1], "2"),
        line("INV-3", address, "0.000001"),
        line("INV-4", "Zoë <zoe@example.org>", "1"),
    ];
    lines.push(line("INV-5", "Grace <grace@example>", "1"));
    let refused = refused(&file("bad.csv", &lines), data);
    let listed = call(&["ingest", "list", "--with-errors", "--from", "2020-01-01T00:00:00Z"]);
    assert_eq!(listed[0]["id"], refused["ingest_file_id"]);
    let errors = call(&["ingest", "errors", &word(&refused, "ingest_file_id")]);
    assert_eq!(errors, refused["errors"]);
    assert!(!errors.to_string().to_lowercase().contains("grace"), "{errors}");

    lines.pop();
    let good = file("payees of may.csv", &lines);
    let ingested = call(&["distribution", "ingest", &good]);
    assert_eq!(
        (&ingested["accepted"], &ingested["held"], &ingested["errors"]),
        (&json!(4), &json!(1), &json!([]))
    );
    assert_eq!(word(&ingested, "digest").len(), 64);
    let distribution = word(&ingested, "distribution_id");
    let twice = output(&["distribution", "ingest", &good, "--data", data, "--json"]);
    let said = String::from_utf8_lossy(&twice.stderr);
    assert!(!twice.status.success() && said.contains("FILE_ALREADY_ACCEPTED"), "{said}");
    assert!(said.contains(&word(&ingested, "ingest_file_id")), "{said}");

    let shown = until(|| {
        let listed = call(&["distribution", "list"]);
        (listed[0]["state"] == "DISTRIBUTION_STATE_UPCOMING").then(|| listed[0].clone())
    });
    assert_eq!(
        (word(&shown, "id"), word(&shown, "label")),
        (distribution.clone(), "payees of may".to_owned())
    );
    assert_eq!(paid(&control, &dollar).await, BTreeMap::new(), "nothing is paid before it is executed");
    call(&["distribution", "execute", &distribution]);
    until(|| (call(&["distribution", "list"])[0]["state"] == "DISTRIBUTION_STATE_COMPLETED").then_some(()));
    let expected = accounts.iter().cloned().zip([1_500_000, 2_000_000, 1]);
    assert_eq!(paid(&control, &dollar).await, expected.collect());
    looks(&distribution, &word(&refused, "ingest_file_id"), data);
    assert!(up.stop().success());
}

/// That people are shown what became of both files, and who is held.
fn looks(distribution: &str, refused: &str, data: &str) {
    let report = output(&["distribution", "entitlements", distribution, "--csv", "--data", data]);
    let report = String::from_utf8(report.stdout).expect("text");
    let last = report.lines().last().expect("a line");
    assert!(last.contains("HOLD,NO_ACCOUNT") && last.ends_with("zoe@example.org,Zoë"), "{report}");
    for words in [&["ingest", "list"][..], &["ingest", "errors", refused]] {
        let text = output(&[words, &["--data", data]].concat());
        assert!(text.status.success() && !text.stdout.is_empty(), "{words:?}");
        assert!(text.stderr.is_empty(), "{words:?} is all there is");
    }
    // A part is not to be taken for the whole.
    let part = output(&["ingest", "list", "--limit", "1", "--json", "--data", data]);
    let part_rows: Value = serde_json::from_slice(&part.stdout).expect("JSON");
    assert_eq!(part_rows.as_array().map(Vec::len), Some(1));
    assert!(String::from_utf8_lossy(&part.stderr).contains("the first 1, and there are more"));
}

/// The most memory a process had, in KiB.
fn peak(process: &Value) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Lines with long notes: held in memory, 100,000 of them would be more than 50 MiB.
fn long_lines(path: &std::path::Path, name: &str, count: usize) {
    use std::io::Write as _;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("created"));
    writeln!(file, "{HEADER}").expect("written");
    let note = "n".repeat(480);
    for number in 0..count {
        writeln!(file, "{name}-{number},0.0.{},1,HBAR,{note}", 100_000 + number).expect("written");
    }
}

#[test]
fn a_long_file_is_ingested_and_calculated_in_flat_memory() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox"]);
    let call = |words: &[&str]| printed(&[words, &["--data", data, "--json"]].concat());
    call(&["payment-token", "add", "hbar"]);
    call(&["funding", "create", "main", "--account", up.address("operator_account")]);
    let ingest = |name: &str, count: usize| {
        let path = folder.path().join(format!("{name}.csv"));
        long_lines(&path, name, count);
        let ingested = call(&["distribution", "ingest", path.to_str().expect("a plain path")]);
        assert_eq!(ingested["accepted"], json!(count));
        let calculated = || {
            let listed = call(&["distribution", "list"]);
            (listed[0]["state"] == "DISTRIBUTION_STATE_UPCOMING").then(|| listed[0]["entitlements"].clone())
        };
        assert_eq!(until(calculated)["payee_count"], json!(count));
        peak(&up.addresses["process"])
    };
    let short = ingest("short", 10_000);
    let long = ingest("long", 100_000);
    assert!(long < short + 24 * 1024, "{short} KiB for 10,000 lines, {long} KiB for 100,000");
    assert!(up.stop().success());
}
