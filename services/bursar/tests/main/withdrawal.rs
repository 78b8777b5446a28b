//! A withdrawal by command, from the allowing of its destination to the ledger.

use bursar::sandbox_control::SandboxControl;
use serde_json::json;

use crate::program::{Up, error, folder, json as printed, until};

#[tokio::test(flavor = "multi_thread")]
async fn money_is_withdrawn_by_command_to_where_it_may_go_and_nowhere_else() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox"]);
    let call = |words: &[&str]| printed(&[words, &["--data", data, "--json"]].concat());
    let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
    let usdc = control.network().await.expect("a network").payment_token_id.expect("a token");
    let [bank, stranger] =
        [control.create_account(&json!({})).await, control.create_account(&json!({})).await]
            .map(|account| account.expect("created"));
    call(&["payment-token", "add", &usdc]);
    let funding = call(&["funding", "create", "main", "--account", up.address("operator_account")]);
    let funding = funding["id"].as_str().expect("an id");
    let of = ["--funding", funding];
    call(&[["withdrawal", "allow", &bank, "--label", "our bank"].as_slice(), &of].concat());
    let allowed = call(&[["withdrawal", "destinations"].as_slice(), &of].concat());
    assert_eq!((&allowed[0]["account"], &allowed[0]["label"]), (&json!(bank), &json!("our bank")));

    let order = |amount: &str, to: &str| -> Vec<String> {
        let what = ["withdrawal", "create", amount, "--payment-token", &usdc, "--to", to];
        let why = ["--reason", "the year is over"];
        [what.as_slice(), &why, &of].concat().into_iter().map(str::to_owned).collect()
    };
    let refused = |amount: &str, to: &str| {
        let words = order(amount, to);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        error(&[words.as_slice(), &["--data", data]].concat())
    };
    assert!(refused("1", &stranger).contains("DESTINATION_NOT_ALLOWED"));
    assert!(refused("1000000000.000001", &bank).contains("FUNDS_RESERVED"));
    assert!(refused("0.0000001", &bank).contains("0.0000001"));
    assert!(refused("-1", &bank).contains("-1"));
    let words = order("12.5", &bank);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let created = call(&words);
    let listed = until(|| {
        let listed = call(&["withdrawal", "list"]);
        (listed[0]["payout"]["status"] == "PAYOUT_STATUS_PAID").then_some(listed)
    });
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(listed[0]["id"], created["id"]);
    let effects = control.effects(&usdc).await.expect("the ledger");
    let effects: Vec<_> = effects.iter().map(|effect| (effect.account.as_str(), effect.units)).collect();
    assert_eq!(effects, [(bank.as_str(), 12_500_000)]);
    call(&[["withdrawal", "disallow", &bank].as_slice(), &of].concat());
    assert!(refused("1", &bank).contains("DESTINATION_NOT_ALLOWED"));
    assert!(up.stop().success());
}
