//! The control API.

use super::*;

const CREATE: &str = "/v1/tokens?name=Acme&symbol=ACME&decimals=8";

#[tokio::test]
async fn a_file_becomes_a_token_and_its_holders_in_one_call() {
    let net = net().await;
    let file = "address,balance\n\
        0x0000000000000000000000000000000000000000,40\n\
        0x0000000000000000000000000000000000000001,50\n\
        0xffe24544F86593680CF28cA7bc2916980BD35453,60\n";
    let (status, created) = net.load(CREATE, file.to_owned()).await;
    assert_eq!(status, 201);
    assert_eq!((&created["supply"], &created["holders"]), (&json!("150"), &json!(3)));
    let token = created["token_id"].as_str().expect("an id");
    let rows = net.mirror(&format!("/api/v1/tokens/{token}/balances?order=asc&account.balance=gt:0")).await;
    let rows: Vec<_> = rows["balances"].as_array().expect("rows").clone();
    assert_eq!((&rows[0]["account"], &rows[1]["account"]), (&json!("0.0.0"), &json!("0.0.1")));
    let account = net.did("GET", "/v1/accounts/0xffe24544F86593680CF28cA7bc2916980BD35453", json!({})).await;
    assert_eq!((&rows[2]["account"], &account["tokens"][0]["units"]), (&account["account_id"], &json!("60")));
    // Loading more mints more, for old and new holders.
    let more = "0xffe24544F86593680CF28cA7bc2916980BD35453,1\n0.0.2,2\n";
    let (status, loaded) = net.load(&format!("/v1/tokens/{token}/holders"), more.to_owned()).await;
    assert_eq!((status.as_u16(), &loaded["supply"], &loaded["holders"]), (200, &json!("153"), &json!(4)));
}

#[tokio::test]
async fn a_bad_line_loads_nothing_and_is_named() {
    let net = net().await;
    let before = net.did("GET", "/v1/counts", json!({})).await;
    for (file, line, reason) in [
        ("address,balance\n0.0.5,1\n0.0.6,x\n", 3, "line 3: the balance is not an unsigned integer"),
        ("0.0.5,1\n0.0.5,1\n", 2, "line 2: the address of line 1 again"),
        ("0.0.5,1\n0.0.1003,1\n", 2, "line 2: this address is not an account's"),
        (
            "0.0.5,9223372036854775807\n0.0.6,1\n",
            2,
            "line 2: the supply would exceed the largest the network can hold",
        ),
    ] {
        let (status, body) = net.load(CREATE, file.to_owned()).await;
        assert_eq!((status.as_u16(), body), (400, json!({"error": reason, "line": line})));
    }
    let (status, body) = net.load(CREATE, "address,balance\n".to_owned()).await;
    assert_eq!((status.as_u16(), body), (400, json!({"error": "the file has no holders"})));
    assert_eq!(net.did("GET", "/v1/counts", json!({})).await, before);
}

#[tokio::test]
async fn effects_are_read_as_csv_with_only_what_was_paid() {
    let net = net().await;
    let quoted = Payment { memo: "a, \"b\"".to_owned(), ..payment() };
    assert_eq!(net.send(&quoted).await, Status::Ok);
    let failed = Payment { hbar: vec![(OPERATOR, -1), (999_999, 1)], ..payment() };
    assert_eq!(net.send(&failed).await, Status::Ok);
    assert_eq!(net.receipt(&failed).await, Status::InvalidAccountId);
    let url = format!("{}/v1/effects?format=csv&asset=hbar", net.sandbox.network().control_url);
    let text = net.http.get(url).send().await.expect("an answer").text().await.expect("text");
    let rows: Vec<_> = text.lines().collect();
    assert_eq!(rows[0], "transaction_id,consensus_timestamp,memo,account,asset,units");
    assert!(rows[1].ends_with(",\"a, \"\"b\"\"\",0.0.2,hbar,1"), "{}", rows[1]);
    assert_eq!(rows.len(), 2);
    let both = net.did("GET", "/v1/effects?debits=true", json!({})).await;
    assert_eq!(both.as_array().map(Vec::len), Some(2));
    let all = net.did("GET", "/v1/transactions", json!({})).await;
    assert_eq!((&all[0]["status"], &all[1]["status"]), (&json!("SUCCESS"), &json!("INVALID_ACCOUNT_ID")));
    let counts = net.did("GET", "/v1/counts", json!({})).await;
    assert_eq!(
        (&counts["transactions"], &counts["successes"], &counts["effects"]),
        (&json!(2), &json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_payee_without_association_can_be_made_and_mended() {
    let net = net().await;
    let token = net.sandbox.network().payment_token_id.expect("a token");
    let created = net.did("POST", "/v1/accounts", json!({"max_automatic_token_associations": 0})).await;
    let id = created["account_id"].as_str().expect("an id").to_owned();
    let number: i64 = id.strip_prefix("0.0.").and_then(|it| it.parse().ok()).expect("a number");
    let pay = || Payment {
        hbar: Vec::new(),
        token: Some((i64::try_from(token.0).expect("a number"), vec![(OPERATOR, -1), (number, 1)])),
        ..payment()
    };
    for (path, change, expected) in [
        ("", json!({}), Status::TokenNotAssociatedToAccount),
        ("relation", json!({"associated": true}), Status::Success),
        ("relation", json!({"frozen": true}), Status::AccountFrozenForToken),
        ("relation", json!({"frozen": false}), Status::Success),
    ] {
        if path == "relation" {
            net.did("PUT", &format!("/v1/tokens/{token}/accounts/{id}"), change).await;
        }
        let payment = pay();
        assert_eq!(net.send(&payment).await, Status::Ok);
        assert_eq!(net.receipt(&payment).await, expected);
    }
    let refused =
        net.control("PUT", &format!("/v1/tokens/{token}/accounts/{id}"), json!({"associated": false})).await;
    assert_eq!(refused.0, 409);
}

#[tokio::test]
async fn the_suite_can_configure_itself_from_the_network() {
    let net = net().await;
    let network = net.did("GET", "/v1/network", json!({})).await;
    assert_eq!(network, serde_json::to_value(net.sandbox.network()).expect("JSON"));
    let public = hex::encode(net.key.verifying_key().to_bytes());
    assert_eq!(network["operator"]["public_key"], public);
    assert_eq!(network["payment_token_id"], "0.0.1003");
    assert_eq!(net.mirror("/api/v1/tokens/0.0.1003").await["decimals"], "6");
}

#[tokio::test]
async fn bad_requests_are_refused_with_a_reason() {
    let net = net().await;
    for (method, path, body, status) in [
        ("POST", "/v1/tokens", json!({"name": "x"}), 400),
        ("POST", "/v1/tokens", json!({"name": "x", "symbol": "X", "colour": 1}), 400),
        ("POST", "/v1/tokens", json!({"name": "x", "symbol": "X", "holders": {"count": 0}}), 400),
        ("POST", "/v1/tokens", json!({"name": "x", "symbol": "X", "treasury": "0.0.999"}), 404),
        ("GET", "/v1/tokens/0.0.2", json!({}), 404),
        ("PATCH", "/v1/tokens/0.0.1003", json!({"treasury": "bob"}), 400),
        ("PATCH", "/v1/tokens/0.0.1003", json!({"treasury": "0.0.999"}), 404),
        ("PATCH", "/v1/tokens/0.0.999", json!({"treasury": "0.0.2"}), 404),
        ("GET", "/v1/accounts/bob", json!({}), 400),
        ("PATCH", "/v1/accounts/0.0.999", json!({"deleted": true}), 404),
        ("POST", "/v1/moves", json!({"from": "0.0.98", "to": "0.0.2", "units": 1}), 409),
        ("GET", "/v1/effects?asset=gold", json!({}), 400),
        ("GET", "/v1/effects?colour=red", json!({}), 400),
        ("PUT", "/v1/mirrors/one", json!({}), 400),
        ("DELETE", "/v1/faults/one", json!({}), 400),
        ("POST", "/v1/restart", json!({"down_millis": 999_999_999}), 400),
    ] {
        let (given, answer) = net.control(method, path, body).await;
        assert_eq!(given.as_u16(), status, "{method} {path}: {answer}");
        assert!(answer["error"].is_string());
    }
}
