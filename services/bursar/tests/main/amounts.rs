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

/// An installation with shares of three holders and dollars to pay them.
struct World {
    up: Up,
    folder: tempfile::TempDir,
    control: SandboxControl,
    dollar: String,
    asset: String,
    funding: String,
    /// Ascending.
    holders: Vec<String>,
}

impl World {
    async fn start() -> Self {
        let folder = folder();
        let up = Up::start(folder.path(), &["--sandbox"]);
        let data = folder.path().to_str().expect("a plain path");
        let call = |words: &[&str]| printed(&[words, &["--data", data, "--json"]].concat());
        let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
        let holders = json!({ "count": 3, "seed": 1 });
        let share = json!({ "name": "Acme", "symbol": "ACME", "decimals": 0, "holders": holders });
        let share = control.create_token(&share).await.expect("created").token_id;
        let operator = up.address("operator_account");
        let dollar = json!({
            "name": "Dollar", "symbol": "USD", "decimals": 2, "treasury": operator, "treasury_units": 1_000_000_u64,
        });
        let dollar = control.create_token(&dollar).await.expect("created").token_id;
        let asset = text(&call(&["asset", "import", &share, "--type", "equity"])["id"]);
        call(&["holders", "sync", &asset]);
        call(&["payment-token", "add", &dollar]);
        let funding = text(&call(&["funding", "create", "main", "--account", operator])["id"]);
        let listed = call(&["holders", "list", &asset]);
        let mut holders: Vec<String> =
            listed.as_array().expect("a list").iter().map(|one| text(&one["account"])).collect();
        holders.sort();
        Self { up, folder, control, dollar, asset, funding, holders }
    }

    fn data(&self) -> &str {
        self.folder.path().to_str().expect("a plain path")
    }

    fn call(&self, words: &[&str]) -> Value {
        printed(&[words, &["--data", self.data(), "--json"]].concat())
    }

    /// What is printed for people.
    fn told(&self, words: &[&str]) -> String {
        let output = output(&[words, &["--data", self.data()]].concat());
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// The words of a distribution that is previewed or created.
    fn what<'a>(&'a self, verb: &'a str, label: &'a str) -> Vec<&'a str> {
        let (asset, dollar, funding) = (&self.asset, &self.dollar, &self.funding);
        vec![
            "distribution",
            verb,
            "--label",
            label,
            "--asset",
            asset,
            "--kind",
            "dividend",
            "--payment-token",
            dollar,
            "--funding",
            funding,
        ]
    }

    fn execute(&self, id: &str) {
        self.call(&["distribution", "execute", id]);
        until(|| {
            let found = self.call(&["distribution", "show", id]);
            (found["state"] == "DISTRIBUTION_STATE_COMPLETED").then_some(())
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_off_is_reported_and_what_is_carried_forward_is_paid_once_by_commands() {
    let world = World::start().await;
    let [ada, bo, cy] = [0, 1, 2].map(|place| world.holders[place].as_str());
    let rates = world.folder.path().join("rates.csv");
    let lines = format!("account,percent,group\n{ada},15,treaty\n{bo},100,blocked\n");
    std::fs::write(&rates, lines).expect("written");
    let rates = rates.to_str().expect("a plain path");
    // 10.01 each: 15 % of Ada's, rounded up, is 1.51; all of Bo's is withheld; Cy's 25 % is 2.51.
    let off =
        ["--per-holder", "10.01", "--withhold", "25", "--withhold-rates", rates, "--withhold-rounding", "up"];
    let of = |verb, label, more: [&'static str; 2]| {
        [world.what(verb, label), off.to_vec(), more.to_vec()].concat()
    };
    let told = world.told(&of("preview", "Q1", ["--minimum", "8"]));
    for line in [
        "  entitled 30.03 = net 8.50 + withheld 14.03 + carried forward 7.50 (1 holders)".to_owned(),
        format!("  not paid: {cy} (BELOW_MINIMUM), carried forward 7.50"),
        format!("  not paid: {bo} (WITHHELD)"),
    ] {
        assert!(told.contains(&line), "{told}");
    }
    let created = world.call(&of("create", "Q1", ["--minimum", "8"]));
    let first = text(&created["id"]);
    assert_first(&world, &created, &first);
    world.execute(&first);
    let carried = world.call(&["distribution", "carried", "--asset", &world.asset, "--status", "open"]);
    assert_eq!((&carried[0]["account"], &carried[0]["amount"]["units"]), (&json!(cy), &json!("750")));
    let report = world.told(&["distribution", "entitlements", &first, "--csv"]);
    let lines: Vec<&str> = report.lines().collect();
    assert!(
        lines.iter().any(|line| line.contains(&format!(",{ada},")) && line.contains(",1001,151,0,0,850,"))
    );
    assert!(lines.iter().any(|line| line.contains(",BELOW_MINIMUM,1001,251,0,750,0,")), "{report}");

    // Nothing is withheld and nothing is too little any more.
    let second = text(&world.call(&of("create", "Q2", ["--minimum", "1000"]))["id"]);
    let change = ["distribution", "modify", &second, "--per-holder", "1", "--no-withholding", "--no-minimum"];
    let changed = world.call(&change);
    let fields = json!(["amount_rule", "withholding", "minimum_amount"]);
    assert_eq!(changed["amendments"][0]["fields"], fields);
    let brought = &changed["entitlements"]["brought_forward"]["units"];
    assert_eq!((brought, &changed["withholding"]), (&json!("750"), &Value::Null));
    world.execute(&second);
    let expected = [(ada, vec![850, 100]), (bo, vec![100]), (cy, vec![850])];
    let seen = paid(&world.control, &world.dollar).await;
    assert_eq!(seen, expected.map(|(who, units)| (who.to_owned(), units)).into());
    let carried = world.call(&["distribution", "carried", "--asset", &world.asset]);
    let (status, by) = (&carried[0]["status"], text(&carried[0]["taken_by"]));
    assert_eq!((status, by), (&json!("CARRY_FORWARD_STATUS_TAKEN"), second));
    assert!(world.up.stop().success());
}

/// What is said of the first distribution when it is calculated.
fn assert_first(world: &World, created: &Value, id: &str) {
    let units = |name: &str| text(&created["entitlements"][name]["units"]);
    let names = ["pool", "entitled", "withheld", "carried_forward", "net", "brought_forward", "payable"];
    assert_eq!(names.map(units), ["3003", "3003", "1403", "750", "850", "0", "850"]);
    assert_eq!(created["withholding"]["rates"][0]["group"], "treaty");
    let shown = world.told(&["distribution", "show", id]);
    for line in [
        "  amount: 10.01 for each holder",
        "  withheld: 25 %, rounded up; 2 rates of 2 accounts of their own",
        "  minimum: 8.00; what is less is carried forward",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
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
