//! Previews and diagnoses as an operator asks for them.

use bursar::sandbox_control::SandboxControl;
use serde_json::{Value, json};

use crate::program::{Up, folder, json as printed, output};

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_names_who_cannot_receive_and_diagnose_says_what_stands_in_the_way_and_ends_with_a_code() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox"]);
    let call = |words: &[&str]| printed(&[words, &["--data", data, "--json"]].concat());
    let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
    let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
    let operator = control.network().await.expect("a network").operator.account_id;
    let share =
        json!({ "name": "Acme", "symbol": "ACME", "decimals": 8, "holders": { "count": 5, "seed": 1 } });
    let share = control.create_token(&share).await.expect("created").token_id;
    // Nobody has KYC but whom the issuer grants it, so that nobody can receive this one.
    let dollar = json!({
        "name": "Dollar", "symbol": "USD", "decimals": 6, "treasury": operator, "treasury_units": 1_000_000_000_000_u64,
        "kyc_key": true,
    });
    let dollar = control.create_token(&dollar).await.expect("created").token_id;
    let asset = id(&call(&["asset", "import", &share, "--type", "equity"]));
    call(&["holders", "sync", &asset]);
    call(&["payment-token", "add", &dollar]);
    let funding = id(&call(&["funding", "create", "main", "--account", up.address("operator_account")]));
    let terms = ["distribution", "preview", "--asset", &asset, "--label", "Q3", "--kind", "dividend"];
    let money = ["--pool", "1000", "--payment-token", &dollar, "--funding", &funding];
    let words = [terms.as_slice(), &money, &["--changed-beyond", "5"]].concat();
    let preview = call(&words);
    let checks = &preview["payee_checks"];
    assert_eq!((&checks["checked"], &checks["unpayable"]), (&json!(5), &json!(5)), "{preview}");
    assert_eq!(checks["largest"][0]["problem"]["reason"], "ACCOUNT_KYC_NOT_GRANTED_FOR_TOKEN");
    let text = output(&[words.as_slice(), &["--data", data]].concat());
    let text = String::from_utf8(text.stdout).expect("text");
    assert!(text.contains("5 payees checked, 5 cannot receive now"), "{text}");

    let healthy = call(&["diagnose"]);
    let outcomes = |answer: &Value| -> Vec<(String, String)> {
        let checks = answer["checks"].as_array().expect("checks").iter();
        let words = |check: &Value, name: &str| check[name].as_str().expect("text").to_owned();
        checks.map(|check| (words(check, "check"), words(check, "outcome"))).collect()
    };
    assert!(outcomes(&healthy).iter().all(|(_, outcome)| outcome == "DIAGNOSTIC_OUTCOME_OK"), "{healthy}");
    call(&["pause", "begin", "--everything", "--reason", "audit"]);
    let paused = outcomes(&call(&["diagnose"]));
    assert!(paused.contains(&("PAUSE".to_owned(), "DIAGNOSTIC_OUTCOME_WARNING".to_owned())), "{paused:?}");
    control.set_fault(&json!({"kind": "mirror_error", "http_status": 503})).await.expect("set");
    let ill = output(&["diagnose", "--data", data]);
    assert!(!ill.status.success(), "a problem ends with a code");
    let text = String::from_utf8(ill.stdout).expect("text");
    assert!(text.contains("PROBLEM  MIRROR: could not be found out") && text.contains("→ Check"), "{text}");
    assert!(up.stop().success());
}
