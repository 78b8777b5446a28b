//! Policies, changes and approvals by commands, each person with a token of their own.

use bursar::sandbox_control::SandboxControl;
use serde_json::{Value, json};

use crate::program::{Up, error, folder, json, output, until};

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distribution_is_modified_rejected_asked_for_again_approved_and_paid_by_commands() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let up = Up::start(folder.path(), &["--sandbox"]);
    let call = |words: &[&str]| json(&[words, &["--data", data, "--json"]].concat());
    let token = |subject: &str| {
        let words = ["token", "--role", "APPROVER", "--role", "VIEWER", "--subject", subject];
        text(&call(&words)["token"])
    };
    let (bo, cy) = (token("bo"), token("cy"));
    let control = SandboxControl::new(up.address("sandbox_control")).expect("a client");
    let holders = json!({ "count": 20, "seed": 1 });
    let share = json!({ "name": "Acme", "symbol": "ACME", "decimals": 8, "holders": holders });
    let share = control.create_token(&share).await.expect("created").token_id;
    let asset = text(&call(&["asset", "import", &share, "--type", "equity"])["id"]);
    call(&["holders", "sync", &asset]);
    call(&["payment-token", "add", "hbar"]);
    let account = up.address("operator_account");
    let funding = text(&call(&["funding", "create", "main", "--account", account])["id"]);

    let set = ["approval", "policy", "set", "--kind", "dividend", "--payment-token", "hbar"];
    let policy = call(&[&set[..], &["--approvers", "1=1", "--approvers", "5.5=2"]].concat());
    assert_eq!(policy["tiers"][1], json!({ "from_units": "550000000", "approvers": 2 }));
    assert_eq!(call(&["approval", "policy", "list"]), json!([policy]));
    let shown = call(&["approval", "policy", "show", "--kind", "dividend", "--payment-token", "hbar"]);
    assert_eq!((&shown, &shown["version"]), (&policy, &json!(1)));

    let what = ["--asset", &asset, "--label", "Q4", "--kind", "dividend", "--payment-token", "hbar"];
    let money = ["--pool", "10", "--funding", &funding];
    let preview = call(&[&["distribution", "preview"], &what[..], &money].concat());
    assert_eq!(preview["approvers_required"], json!(2));
    let created = call(&[&["distribution", "create"], &what[..], &money].concat());
    assert_eq!(created["state"], "DISTRIBUTION_STATE_PENDING_APPROVAL");
    let id = text(&created["id"]);
    let modified = call(&["distribution", "modify", &id, "--pool", "4", "--label", "Q4 2026"]);
    assert_eq!((&modified["version"], &modified["label"]), (&json!(2), &json!("Q4 2026")));
    assert_eq!(modified["amendments"][0]["fields"], json!(["label", "amount_rule"]));
    let hash = |distribution: &Value| text(&distribution["approval"]["hash"]);

    let old = ["distribution", "approve", &id, "--hash", &hash(&created), "--data", data, "--token", &bo];
    assert!(error(&old).contains("APPROVAL_HASH_DIFFERS"));
    let mine = ["distribution", "approve", &id, "--hash", &hash(&modified), "--data", data];
    assert!(error(&mine).contains("APPROVER_IS_CREATOR"));
    let early = ["distribution", "execute", &id, "--data", data];
    assert!(error(&early).contains("ACTION_NOT_ALLOWED"));
    let reject = ["distribution", "reject", &id, "--hash", &hash(&modified), "--token", &bo];
    let rejected = call(&[&reject[..], &["--reason", "wrong quarter"]].concat());
    assert_eq!(rejected["approval"]["rejection"]["reason"], "wrong quarter");
    call(&["distribution", "retry", &id]);
    let approve = ["distribution", "approve", &id, "--hash", &hash(&modified), "--token", &cy];
    let approved = call(&approve);
    assert_eq!(approved["state"], "DISTRIBUTION_STATE_UPCOMING");
    assert_eq!(approved["approval"]["endorsements"][0]["by"], "cy");
    call(&["distribution", "execute", &id]);
    until(|| {
        let found = call(&["distribution", "show", &id]);
        (found["state"] == "DISTRIBUTION_STATE_COMPLETED").then_some(())
    });
    for words in
        [&["distribution", "show", &id][..], &["distribution", "list"], &["approval", "policy", "list"]]
    {
        let text = output(&[words, &["--data", data]].concat());
        assert!(text.status.success() && !text.stdout.is_empty(), "{words:?}");
    }
    assert!(up.stop().success());
}
