//! `bursar up` and the operator's commands against it.

use bursar::sandbox_control::SandboxControl;

use crate::program::{Up, error, folder, json, output, until};

const HOLDERS: &str = "address,balance\n\
                       0x00000000000000000000000000000000000000aa,1\n\
                       0xb000000000000000000000000000000000000001,300000000\n\
                       0xb000000000000000000000000000000000000002,100000000\n";

async fn token(up: &Up) -> String {
    let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
    let query = [("name", "Acme"), ("symbol", "ACME"), ("decimals", "8")];
    control.create_token_with_file(&query, HOLDERS.as_bytes().to_vec()).await.expect("created").token_id
}

#[tokio::test(flavor = "multi_thread")]
async fn up_serves_refuses_a_second_one_and_continues_where_it_stopped() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox"]);
    assert!(up.address("gateway").starts_with("http://127.0.0.1:"));

    let token = token(&up).await;
    let asset = json(&["asset", "import", &token, "--type", "equity", "--data", data, "--json"]);
    assert_eq!(asset["token_id"], token.as_str());
    let refused = error(&["up", "--data", data, "--sandbox"]);
    assert!(refused.contains("in use by another running bursar (process"), "{refused}");
    let all = ["--network", "testnet", "--node", "0.0.3=http://h:1", "--mirror", "http://m:1"];
    let operator = ["--operator-account", "0.0.9", "--operator-key-file", "/dev/null"];
    assert!(up.stop().success(), "SIGTERM is no failure");

    let other = [["up", "--data", data].as_slice(), &all, &operator].concat();
    let mismatch = error(&other);
    assert!(mismatch.contains("was made for sandbox"), "{mismatch}");
    let gone = error(&["asset", "list", "--data", data]);
    assert!(gone.contains("no bursar runs on"), "{gone}");

    // The network is known from the first start.
    let again = Up::start(folder.path(), &[]);
    let assets = json(&["asset", "list", "--data", data, "--json"]);
    assert_eq!(assets[0]["id"], asset["id"]);
    assert!(again.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_pays_holders_with_nothing_but_commands() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox", "--valid-duration-s", "20"]);
    let call = |words: &[&str]| json(&[words, &["--data", data, "--json"]].concat());
    let id = |value: &serde_json::Value| value["id"].as_str().expect("an id").to_owned();

    let asset = id(&call(&["asset", "import", &token(&up).await, "--type", "equity"]));
    assert_eq!(call(&["holders", "sync", &asset])["holder_count"], "3");
    let holders = call(&["holders", "list", &asset]);
    let largest = holders[0]["account"].as_str().expect("an account").to_owned();
    assert_eq!(call(&["holders", "history", &asset, &largest])[0]["balance"], "300000000");
    assert_eq!(call(&["payment-token", "add", "hbar"])["decimals"], 8);
    let funding = id(&call(&["funding", "create", "main", "--account", up.address("operator_account")]));

    let limits = ["funding", "limits", "set", &funding, "hedera:sandbox/hbar", "--per-day", "1000000000"];
    let limits = call(&[limits.as_slice(), &["--reason", "the board says so"]].concat());
    assert_eq!((&limits["version"], &limits["per_day"]), (&1.into(), &"1000000000".into()), "{limits}");

    let terms = ["--asset", &asset, "--label", "=Q3", "--kind", "dividend", "--pool", "4.00000001"];
    let terms = [terms.as_slice(), &["--payment-token", "hbar", "--funding", &funding]].concat();
    let preview = call(&[["distribution", "preview"].as_slice(), &terms].concat());
    assert_eq!(
        preview["entitlements"]["payee_count"], 2,
        "0.0.170 is a system account, which is held: {preview}"
    );
    let distribution = id(&call(&[["distribution", "create"].as_slice(), &terms].concat()));
    call(&["pause", "begin", "--everything", "--reason", "a look first"]);
    call(&["distribution", "execute", &distribution]);
    let held = until(|| {
        let held = call(&["distribution", "list"]);
        (held[0]["state"] == "DISTRIBUTION_STATE_PAUSED").then_some(held)
    });
    let why = held[0]["failure"]["hint"].as_str().expect("a hint");
    assert!(why.contains("a look first"), "{held}");
    assert_eq!(call(&["pause", "list"]).as_array().map(Vec::len), Some(1));
    call(&["pause", "end", "--everything", "--reason", "it is right"]);
    assert_eq!(call(&["pause", "list"]).as_array().map(Vec::len), Some(0));
    let lines = output(&["distribution", "execute", &distribution, "--watch", "--data", data, "--json"]);
    assert!(lines.status.success(), "{}", String::from_utf8_lossy(&lines.stderr));
    let listed = call(&["distribution", "list"]);
    assert_eq!(listed[0]["state"], "DISTRIBUTION_STATE_COMPLETED");

    let paid = call(&["payouts", "list", &distribution, "--status", "paid"]);
    assert_eq!(paid.as_array().map(Vec::len), Some(2));
    let export = output(&["payouts", "export", &distribution, "--data", data]);
    let export = String::from_utf8(export.stdout).expect("text");
    let rows: Vec<&str> = export.lines().collect();
    assert_eq!(
        rows[0],
        "ordinal,address,account,balance,units,status,reason,transaction_id,time,superseded_by,supersedes"
    );
    assert!(
        rows[1].contains(",0xb000000000000000000000000000000000000001,") || rows[2].contains("0xb0"),
        "{export}"
    );
    assert_eq!(rows.len(), 3);

    let limits = call(&["funding", "limits", "show", &funding, "hedera:sandbox/hbar"]);
    assert_ne!(limits[0]["reserved_today"], "0", "{limits}");
    assert_eq!(call(&["restore", "status"])["reason"], "SWEEP_REASON_FIRST");
    let disk = ["restore", "declare", "--since", "2026-01-01T00:00:00Z", "--reason", "a disk was lost"];
    assert_eq!(call(&disk)["reason"], "SWEEP_REASON_DECLARED");
    assert_eq!(call(&["restore", "status"])["note"], "a disk was lost");
    assert_eq!(call(&["restore", "payments"]).as_array().map(Vec::len), Some(0));
    assert!(up.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_redeems_a_bond_once_with_nothing_but_commands() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox", "--valid-duration-s", "20"]);
    let call = |words: &[&str]| json(&[words, &["--data", data, "--json"]].concat());
    let id = |value: &serde_json::Value| value["id"].as_str().expect("an id").to_owned();
    call(&["payment-token", "add", "hbar"]);
    let bond =
        ["--type", "bond", "--nominal", "2.5", "--currency", "hbar", "--maturity", "2024-06-30T00:00:00Z"];
    let token = token(&up).await;
    let asset = id(&call(&[["asset", "import", &token].as_slice(), &bond].concat()));
    call(&["holders", "sync", &asset]);
    let holders = call(&["holders", "list", &asset]);
    let largest = holders[0]["account"].as_str().expect("an account").to_owned();
    let funding = id(&call(&["funding", "create", "main", "--account", up.address("operator_account")]));

    let terms = ["--asset", &asset, "--label", "Principal", "--payment-token", "hbar", "--funding", &funding];
    let one = [terms.as_slice(), &["--account", &largest]].concat();
    let preview = call(&[["redemption", "preview"].as_slice(), &one].concat());
    assert_eq!(preview["entitlements"]["entitled"]["units"], "750000000", "three at 2.5 HBAR: {preview}");
    let first = id(&call(&[["redemption", "create"].as_slice(), &one].concat()));
    let refused = error(&["distribution", "execute", &first, "--data", data]);
    assert!(refused.contains("reason: IS_A_REDEMPTION"), "{refused}");
    call(&["redemption", "cancel", &first, "--reason", "all at once"]);
    let all = id(&call(&[["redemption", "create"].as_slice(), &terms].concat()));
    let lines = output(&["redemption", "execute", &all, "--watch", "--data", data, "--json"]);
    assert!(lines.status.success(), "{}", String::from_utf8_lossy(&lines.stderr));
    let listed = call(&["distribution", "list"]);
    assert_eq!(
        (&listed[0]["state"], &listed[0]["kind"]),
        (&"DISTRIBUTION_STATE_COMPLETED".into(), &"DISTRIBUTION_KIND_REDEMPTION".into())
    );
    let again = call(&[["redemption", "create"].as_slice(), &terms].concat());
    assert_eq!(again["entitlements"]["entitled"]["units"], "0", "{again}");
    assert!(up.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_say_reason_and_field_and_end_with_a_failure() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox"]);
    let unknown = error(&["asset", "import", "0.0.99999999", "--type", "equity", "--data", data]);
    assert!(unknown.contains("reason: TOKEN_NOT_FOUND"), "{unknown}");
    let malformed = error(&["asset", "import", "abc", "--type", "equity", "--data", data]);
    assert!(malformed.contains("field token_id:"), "{malformed}");
    let viewer = output(&["token", "--role", "VIEWER", "--data", data]);
    let viewer = String::from_utf8(viewer.stdout).expect("text");
    let gateway = up.address("gateway");
    let denied = error(&["payment-token", "add", "hbar", "--gateway", gateway, "--token", viewer.trim()]);
    assert!(denied.contains("reason: ROLE_MISSING"), "{denied}");
    let forged = error(&["asset", "list", "--gateway", gateway, "--token", "a.b.c"]);
    assert!(forged.contains("TOKEN_MALFORMED"), "{forged}");
    assert!(up.stop().success());
}
