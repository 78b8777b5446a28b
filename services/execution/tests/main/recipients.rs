//! Whether recipients could be paid, as the network shows them.

use proto::execution::v1 as pb;
use proto::r#type::v1::FailureClass;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::support::{Bench, reason};

async fn ask(bench: &Bench, asset: &str, recipients: &[String]) -> Result<Vec<pb::RecipientCheck>, Status> {
    let message = pb::CheckRecipientsRequest {
        asset: asset.to_owned(),
        recipients: recipients.to_vec(),
        resolve_only: asset.is_empty(),
    };
    Ok(bench.client().check_recipients(bench.request(message)).await?.into_inner().checks)
}

/// The reasons, one per recipient, empty where it could be paid. Each comes with a hint.
async fn reasons(bench: &Bench, asset: &str, recipients: &[String]) -> Vec<String> {
    let checks = ask(bench, asset, recipients).await.unwrap();
    let problems = checks.into_iter().map(|check| check.problem.unwrap_or_default());
    problems
        .inspect(|problem| assert_eq!(problem.hint.is_empty(), problem.reason.is_empty(), "{problem:?}"))
        .map(|problem| problem.reason)
        .collect()
}

async fn account(bench: &Bench, body: Value) -> String {
    let made = bench.control.post("/v1/accounts", body).await;
    made["account_id"].as_str().unwrap().to_owned()
}

/// A token of the sandbox, as asset code and as number.
async fn token(bench: &Bench, body: Value) -> (String, String) {
    let made = bench.control.post("/v1/tokens", body).await;
    let id = made["token_id"].as_str().unwrap().to_owned();
    (format!("hedera:sandbox/token:{id}"), id)
}

fn s(text: &str) -> String {
    text.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_is_told_what_stands_against_paying_it() {
    let bench = Bench::start().await;
    let keys = json!({"name": "Coin", "symbol": "C", "decimals": 2, "freeze_key": true, "kyc_key": true, "pause_key": true});
    let (asset, id) = token(&bench, keys).await;
    let (other_asset, other) = token(&bench, json!({"name": "Other", "symbol": "O", "decimals": 2})).await;
    let relate = async |account: &str, what: Value| {
        bench.control.put(&format!("/v1/tokens/{id}/accounts/{account}"), what).await;
    };
    let fine = account(&bench, json!({})).await;
    relate(&fine, json!({"kyc": true})).await;
    let frozen = account(&bench, json!({})).await;
    relate(&frozen, json!({"frozen": true, "kyc": true})).await;
    let unknown_customer = account(&bench, json!({})).await;
    let closed = account(&bench, json!({"max_automatic_token_associations": 0})).await;
    let full = account(&bench, json!({"max_automatic_token_associations": 1})).await;
    let signing = account(&bench, json!({"receiver_sig_required": true})).await;
    relate(&signing, json!({"kyc": true})).await;
    let deleted = account(&bench, json!({})).await;
    bench.control.patch(&format!("/v1/accounts/{deleted}"), json!({"deleted": true})).await;
    let everybody: Vec<String> =
        [&fine, &frozen, &unknown_customer, &closed, &full, &signing, &deleted, "0.0.999999", "0.0.0", &fine]
            .map(s)
            .to_vec();
    let expected = [
        "",
        "ACCOUNT_FROZEN_FOR_TOKEN",
        "ACCOUNT_KYC_NOT_GRANTED_FOR_TOKEN",
        "TOKEN_NOT_ASSOCIATED_TO_ACCOUNT",
        "ACCOUNT_KYC_NOT_GRANTED_FOR_TOKEN",
        "RECEIVER_SIGNATURE_REQUIRED",
        "ACCOUNT_DELETED",
        "ACCOUNT_NOT_FOUND",
        "ACCOUNT_NOT_FOUND",
        "",
    ];
    assert_eq!(reasons(&bench, &asset, &everybody).await, expected);
    // Without freeze and KYC keys only association counts, and a free slot is as good as one.
    let expected = ["", "", "", "TOKEN_NOT_ASSOCIATED_TO_ACCOUNT", "", "RECEIVER_SIGNATURE_REQUIRED"];
    assert_eq!(reasons(&bench, &other_asset, &everybody[..6]).await, expected);
    bench.control.patch(&format!("/v1/tokens/{id}"), json!({"paused": true})).await;
    let paused = ask(&bench, &asset, &everybody[..2]).await.unwrap();
    let first = paused[0].problem.clone().unwrap();
    assert_eq!((first.reason.as_str(), first.class()), ("TOKEN_IS_PAUSED", FailureClass::Operator));
    assert_eq!(paused[1].problem.as_ref().unwrap().reason, "ACCOUNT_FROZEN_FOR_TOKEN");
    bench.control.patch(&format!("/v1/tokens/{other}"), json!({"deleted": true})).await;
    assert_eq!(reasons(&bench, &other_asset, &everybody[..1]).await, ["TOKEN_WAS_DELETED"]);
    let nothing = "hedera:sandbox/token:0.0.888888";
    assert_eq!(reasons(&bench, nothing, &everybody[..1]).await, ["INVALID_TOKEN_ID"]);
    let hbar = "hedera:sandbox/hbar";
    assert_eq!(reasons(&bench, hbar, &everybody[3..6]).await, ["", "", "RECEIVER_SIGNATURE_REQUIRED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_whose_free_associations_are_used_up_is_told_so_and_the_payment_agrees() {
    let bench = Bench::start().await;
    let full: u64 = {
        let id = account(&bench, json!({"max_automatic_token_associations": 1})).await;
        id.rsplit('.').next().unwrap().parse().unwrap()
    };
    let recipient = vec![format!("0.0.{full}")];
    let header = bench.header(&[(full, 5)]);
    assert_eq!(reasons(&bench, &bench.asset, &recipient).await, [""], "the slot is free");
    bench.start_run(&header, &[(full, 5)]).await.unwrap();
    assert_eq!(bench.wait_end(&header.run_id).await.state(), pb::RunState::Completed);
    assert_eq!(reasons(&bench, &bench.asset, &recipient).await, [""], "it is associated now");
    let (second, _) = token(&bench, json!({"name": "Second", "symbol": "S", "decimals": 0})).await;
    assert_eq!(reasons(&bench, &second, &recipient).await, ["NO_REMAINING_AUTOMATIC_ASSOCIATIONS"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_of_an_account_resolves_to_its_number() {
    let bench = Bench::start().await;
    let alias = "0xabcdefabcdefabcdefabcdefabcdefabcdefabcd";
    let id = account(&bench, json!({"evm_address": alias})).await;
    let number: u64 = id.rsplit('.').next().unwrap().parse().unwrap();
    let long_zero = format!("0x{number:040x}");
    let zero = format!("0x{:040x}", 0);
    let unknown = s("0x1111111111111111111111111111111111111111");
    let names =
        [s(alias), alias.to_uppercase().replacen("0X", "0x", 1), long_zero, id.clone(), zero, unknown];
    let checks = ask(&bench, "", &names).await.unwrap();
    let accounts: Vec<&str> = checks.iter().map(|check| check.account.as_str()).collect();
    assert_eq!(accounts, [&id, &id, &id, &id, "", ""].map(|id: &str| id));
    let there: Vec<bool> = checks.iter().map(|check| check.problem.is_none()).collect();
    assert_eq!(there, [true, true, true, true, false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_are_checked_at_once_though_the_mirror_node_is_busy() {
    let bench = Bench::start().await;
    let mut names: Vec<String> =
        bench.control.accounts(997).await.into_iter().map(|number| format!("0.0.{number}")).collect();
    let closed = bench.control.closed_account().await;
    names.insert(500, format!("0.0.{closed}"));
    bench
        .control
        .post("/v1/faults", json!({"kind": "mirror_error", "percent": 5, "seed": 5, "http_status": 503}))
        .await;
    let seen = reasons(&bench, &bench.asset, &names).await;
    let told: Vec<(usize, &str)> = seen
        .iter()
        .enumerate()
        .filter(|(_, reason)| !reason.is_empty())
        .map(|(at, r)| (at, r.as_str()))
        .collect();
    assert_eq!(told, [(500, "TOKEN_NOT_ASSOCIATED_TO_ACCOUNT")]);
    bench.control.clear_faults().await;
    bench.control.post("/v1/faults", json!({"kind": "mirror_error", "http_status": 503})).await;
    let away = ask(&bench, &bench.asset, &names[..1]).await.unwrap_err();
    assert_eq!((away.code(), reason(&away).as_str()), (Code::Unavailable, "MIRROR_UNAVAILABLE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_recipient_is_refused_by_its_place() {
    use tonic_types::StatusExt as _;
    let bench = Bench::start().await;
    let names = ["0.0.5", "0.0.05", "0x12", "", "1.0.5"].map(s);
    let refused = ask(&bench, "iso4217:USD", &names).await.unwrap_err();
    let mut fields: Vec<String> = refused
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    fields.sort();
    assert_eq!(fields, ["asset", "recipients[1]", "recipients[2]", "recipients[3]", "recipients[4]"]);
    assert_eq!(ask(&bench, &bench.asset, &[]).await.unwrap_err().code(), Code::InvalidArgument);
    let many = vec![s("0.0.5"); 1001];
    assert_eq!(ask(&bench, &bench.asset, &many).await.unwrap_err().code(), Code::InvalidArgument);
    let elsewhere = ask(&bench, "hedera:testnet/hbar", &names[..1]).await.unwrap_err();
    assert_eq!(reason(&elsewhere), "NETWORK_MISMATCH");
}
