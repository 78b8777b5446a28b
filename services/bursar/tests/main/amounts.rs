//! Amounts in full by commands: what comes off, what is carried forward, and what is paid of it later.

use std::collections::BTreeMap;

use bursar::sandbox_control::SandboxControl;
use serde_json::{Value, json};

use crate::program::{Up, error, folder, json as printed, output, until};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// What each account was paid of a token by the ledger, in the order of the payments.
async fn paid(control: &SandboxControl, token: &str) -> BTreeMap<String, Vec<u64>> {
    let mut paid: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for effect in control.effects(token).await.expect("the ledger") {
        paid.entry(effect.account).or_default().push(effect.units);
    }
    paid
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_off_is_reported_and_what_is_carried_forward_is_paid_once_by_commands() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox"]);
    let call = |words: &[&str]| printed(&[words, &["--data", data, "--json"]].concat());
    let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
    let share =
        json!({ "name": "Acme", "symbol": "ACME", "decimals": 0, "holders": { "count": 3, "seed": 1 } });
    let share = control.create_token(&share).await.expect("created").token_id;
    let dollar = json!({
        "name": "Dollar", "symbol": "USD", "decimals": 2, "treasury": up.address("operator_account"),
        "treasury_units": 1_000_000_u64,
    });
    let dollar = control.create_token(&dollar).await.expect("created").token_id;
    let asset = text(&call(&["asset", "import", &share, "--type", "equity"])["id"]);
    call(&["holders", "sync", &asset]);
    call(&["payment-token", "add", &dollar]);
    let funding =
        text(&call(&["funding", "create", "main", "--account", up.address("operator_account")])["id"]);
    let accounts: Vec<String> = call(&["holders", "list", &asset])
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| text(&one["account"]))
        .collect();
    let [ada, bo, cy] = [0, 1, 2].map(|place| accounts[place].as_str());

    let what = ["--asset", &asset, "--kind", "dividend", "--payment-token", &dollar, "--funding", &funding];
    let rates = folder.path().join("rates.csv");
    std::fs::write(&rates, format!("account,percent,group\n{ada},15,treaty\n{bo},100,blocked\n"))
        .expect("written");
    let rates = rates.to_str().expect("a plain path");
    // 10.01 each: 15 % of Ada's, rounded up, is 1.51; all of Bo's is withheld; Cy's 25 % is 2.51.
    let off =
        ["--per-holder", "10.01", "--withhold", "25", "--withhold-rates", rates, "--withhold-rounding", "up"];
    let first = [&["distribution", "create", "--label", "Q1", "--minimum", "8"][..], &what, &off].concat();
    let preview = [&["distribution", "preview", "--label", "Q1", "--minimum", "8"][..], &what, &off].concat();
    let told = output(&[&preview[..], &["--data", data]].concat());
    let told = String::from_utf8(told.stdout).expect("text");
    assert!(
        told.contains("entitled 30.03 = net 8.50 + withheld 14.03 + carried forward 7.50 (1 holders)"),
        "{told}"
    );
    assert!(told.contains(&format!("not paid: {cy} (BELOW_MINIMUM), carried forward 7.50")), "{told}");
    assert!(told.contains(&format!("not paid: {bo} (WITHHELD)")), "{told}");

    let created = call(&first);
    let (id, totals) = (text(&created["id"]), &created["entitlements"]);
    let units = |name: &str| text(&totals[name]["units"]);
    let names = ["pool", "entitled", "withheld", "carried_forward", "net", "brought_forward", "payable"];
    assert_eq!(names.map(units), ["3003", "3003", "1403", "750", "850", "0", "850"]);
    assert_eq!(created["withholding"]["rates"][0]["group"], "treaty");
    let shown = output(&["distribution", "show", &id, "--data", data]);
    let shown = String::from_utf8(shown.stdout).expect("text");
    for line in [
        "  amount: 10.01 for each holder",
        "  withheld: 25 %, rounded up; 2 rates of 2 accounts of their own",
        "  minimum: 8.00; what is less is carried forward",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    let execute = |id: &str| {
        call(&["distribution", "execute", id]);
        until(|| {
            (call(&["distribution", "show", id])["state"] == "DISTRIBUTION_STATE_COMPLETED").then_some(())
        });
    };
    execute(&id);
    let carried = call(&["distribution", "carried", "--asset", &asset, "--status", "open"]);
    assert_eq!((&carried[0]["account"], &carried[0]["amount"]["units"]), (&json!(cy), &json!("750")));
    let report = output(&["distribution", "entitlements", &id, "--csv", "--data", data]);
    let report = String::from_utf8(report.stdout).expect("text");
    assert!(
        report.lines().any(|line| line.contains(&format!(",{ada},")) && line.contains(",1001,151,0,0,850,")),
        "{report}"
    );
    assert!(report.lines().any(|line| line.contains(",BELOW_MINIMUM,1001,251,0,750,0,")), "{report}");

    // Nothing is withheld and nothing is too little any more.
    let second =
        [&["distribution", "create", "--label", "Q2"][..], &what, &off, &["--minimum", "1000"]].concat();
    let id = text(&call(&second)["id"]);
    let changed = ["distribution", "modify", &id, "--per-holder", "1", "--no-withholding", "--no-minimum"];
    let changed = call(&changed);
    assert_eq!(changed["amendments"][0]["fields"], json!(["amount_rule", "withholding", "minimum_amount"]));
    assert_eq!(
        (&changed["entitlements"]["brought_forward"]["units"], &changed["withholding"]),
        (&json!("750"), &Value::Null)
    );
    execute(&id);
    let expected = [(ada, vec![850, 100]), (bo, vec![100]), (cy, vec![850])];
    assert_eq!(paid(&control, &dollar).await, expected.map(|(who, units)| (who.to_owned(), units)).into());
    let carried = call(&["distribution", "carried", "--asset", &asset]);
    assert_eq!(
        (&carried[0]["status"], text(&carried[0]["taken_by"])),
        (&json!("CARRY_FORWARD_STATUS_TAKEN"), id)
    );
    assert!(up.stop().success());
}

#[test]
fn flags_that_do_not_go_together_or_say_too_little_are_refused() {
    let what = [
        "distribution",
        "preview",
        "--asset",
        "ast_1",
        "--label",
        "x",
        "--kind",
        "dividend",
        "--payment-token",
        "hbar",
        "--funding",
        "fnd_1",
    ];
    let table: [(&[&str], &str); 7] = [
        (&[], "required"),
        (&["--pool", "1", "--per-holder", "1"], "cannot be used with"),
        (&["--percent", "1", "--per-token", "1"], "cannot be used with"),
        (&["--per-token", "1", "--value-per-token", "5"], "cannot be used with"),
        (&["--per-holder", "1", "--base", "total-supply"], "cannot be used with"),
        (&["--per-holder", "1", "--withhold", "25"], "--withhold-rounding"),
        (&["--per-holder", "1", "--withhold", "25", "--withhold-rounding", "sideways"], "invalid value"),
    ];
    for (words, said) in table {
        let told = error(&[&what[..], words].concat());
        assert!(told.contains(said), "{words:?}: {told}");
    }
}
