//! The mirror node.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;

use super::*;

/// A token with so many generated holders.
async fn token(net: &Net, holders: u64) -> String {
    let request = json!({"name": "Acme Equity", "symbol": "ACME", "decimals": 8, "pause_key": true,
        "freeze_key": true, "holders": {"count": holders, "seed": 7}});
    let created = net.did("POST", "/v1/tokens", request).await;
    created["token_id"].as_str().expect("an id").to_owned()
}

/// All rows of a list, following its links.
async fn all(net: &Net, first: String, name: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut path = Some(first);
    while let Some(next) = path {
        let page = net.mirror(&next).await;
        rows.extend(page[name].as_array().expect("rows").iter().cloned());
        path = page["links"]["next"].as_str().map(str::to_owned);
    }
    rows
}

#[tokio::test]
async fn pages_give_every_holder_once_in_either_order() {
    let net = net().await;
    let token = token(&net, 250).await;
    let supply = net.mirror(&format!("/api/v1/tokens/{token}")).await["total_supply"].clone();
    let mut seen = Vec::new();
    for order in ["asc", "desc"] {
        let path = format!("/api/v1/tokens/{token}/balances?limit=100&order={order}&account.balance=gt:0");
        let rows = all(&net, path, "balances").await;
        let by_account: BTreeMap<_, _> = rows
            .iter()
            .map(|row| (row["account"].to_string(), row["balance"].as_u64().expect("units")))
            .collect();
        assert_eq!((rows.len(), by_account.len()), (250, 250));
        assert_eq!(json!(by_account.values().sum::<u64>().to_string()), supply);
        seen.push(rows);
    }
    seen[1].reverse();
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn stored_balances_stay_while_live_ones_move() {
    let net = net_with(Config { balance_grid_seconds: 0, ..Config::default() }).await;
    let token = token(&net, 3).await;
    let path = format!("/api/v1/tokens/{token}/balances?order=asc&account.balance=gt:0");
    let live = net.mirror(&path).await;
    let loaded = live["timestamp"].as_str().expect("a time").to_owned();
    let (from, to) = (&live["balances"][0]["account"], &live["balances"][1]["account"]);
    net.did("POST", "/v1/moves", json!({"token": token, "from": from, "to": to, "units": 1})).await;
    let moved = net.mirror(&path).await;
    assert_ne!(moved["balances"], live["balances"]);
    let stored = net.mirror(&format!("{path}&timestamp=lte:9999999999")).await;
    assert_eq!((&stored["timestamp"], &stored["balances"]), (&json!(loaded), &live["balances"]));
    let asked = net.did("POST", "/v1/stored-balances", json!({})).await;
    let stored = net.mirror(&format!("{path}&timestamp=9999999999")).await;
    assert_eq!((&stored["timestamp"], &stored["balances"]), (&asked["timestamp"], &moved["balances"]));
    let before = net.mirror(&format!("{path}&timestamp=lt:{loaded}")).await;
    assert_eq!(before, json!({"timestamp": null, "balances": [], "links": {"next": null}}));
}

#[tokio::test]
async fn replicas_lag_each_on_its_own_and_the_balanced_address_shows_both() {
    let net = net().await;
    net.did("PUT", "/v1/mirrors/1", json!({"lag_millis": 60_000})).await;
    let payment = payment();
    assert_eq!(net.send(&payment).await, Status::Ok);
    let path = format!("/api/v1/transactions/{}", payment.dashed());
    let network = net.sandbox.network();
    assert_eq!(net.get(&network.mirror.replica_urls[0], &path).await.0, 200);
    let (status, body) = net.get(&network.mirror.replica_urls[1], &path).await;
    assert_eq!((status.as_u16(), body), (404, json!({"_status": {"messages": [{"message": "Not found"}]}})));
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(net.get(&network.mirror.url, &path).await.0.as_u16());
    }
    assert!(seen == [200, 404, 200, 404] || seen == [404, 200, 404, 200], "{seen:?}");
    assert_eq!(net.control("PUT", "/v1/mirrors/9", json!({})).await.0, 404);
}

#[tokio::test]
async fn a_stalled_replica_shows_the_past_until_it_goes_on() {
    let net = net().await;
    net.did("PUT", "/v1/mirrors/0", json!({"stalled": true})).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let payment = payment();
    assert_eq!(net.send(&payment).await, Status::Ok);
    let base = net.sandbox.network().mirror.replica_urls[0].clone();
    let listed = format!("/api/v1/transactions?account.id=0.0.{OPERATOR}");
    let count = |body: &Value| body["transactions"].as_array().expect("rows").len();
    assert_eq!(count(&net.get(&base, &listed).await.1), 0);
    assert_eq!(
        net.get(&base, "/api/v1/accounts/0.0.2").await.1["balance"]["balance"],
        4_999_000_000_000_000_000_u64
    );
    net.did("PUT", "/v1/mirrors/0", json!({"stalled": false})).await;
    assert_eq!(count(&net.get(&base, &listed).await.1), 1);
}

#[tokio::test]
async fn a_transaction_is_found_by_account_time_and_id_with_its_hash_and_memo() {
    let net = net().await;
    let mut payments = Vec::new();
    for _ in 0..5 {
        let payment = payment();
        assert_eq!(net.send(&payment).await, Status::Ok);
        payments.push(payment);
    }
    let rows =
        all(&net, format!("/api/v1/transactions?account.id=0.0.{OPERATOR}&limit=2"), "transactions").await;
    let ids: Vec<_> =
        rows.iter().map(|row| row["transaction_id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids, payments.iter().rev().map(Payment::dashed).collect::<Vec<_>>());
    let third = rows[2]["consensus_timestamp"].as_str().expect("a time");
    let path = format!("/api/v1/transactions?account.id=0.0.2&timestamp=gt:{third}&order=asc&result=success");
    assert_eq!(all(&net, path, "transactions").await.len(), 2);
    assert_eq!(all(&net, "/api/v1/transactions?result=fail".to_owned(), "transactions").await.len(), 0);
    let one = net.mirror(&format!("/api/v1/transactions/{}", payments[0].dashed())).await["transactions"][0]
        .clone();
    let hash = sha2::Sha384::digest(&payments[0].signed(&net.key).signed_transaction_bytes);
    assert_eq!(one["transaction_hash"], STANDARD.encode(hash));
    assert_eq!(one["memo_base64"], STANDARD.encode("att_1"));
    let fee = one["charged_tx_fee"].as_i64().expect("a fee");
    let expected = json!([
        {"account": "0.0.2", "amount": 1, "is_approval": false},
        {"account": "0.0.98", "amount": fee, "is_approval": false},
        {"account": format!("0.0.{OPERATOR}"), "amount": -1 - fee, "is_approval": false},
    ]);
    assert_eq!(one["transfers"], expected);
}

#[tokio::test]
async fn accounts_are_found_by_number_alias_and_long_zero_address() {
    let net = net().await;
    let address = "0xffe24544f86593680cf28ca7bc2916980bd35453";
    let created =
        net.did("POST", "/v1/accounts", json!({"evm_address": address, "tinybars": 5, "memo": "m"})).await;
    let id = created["account_id"].as_str().expect("an id");
    let number: u64 = id.strip_prefix("0.0.").and_then(|it| it.parse().ok()).expect("a number");
    for name in [id.to_owned(), number.to_string(), address.to_owned(), format!("0x{number:040x}")] {
        let found = net.mirror(&format!("/api/v1/accounts/{name}?transactions=false")).await;
        assert_eq!((&found["account"], &found["evm_address"]), (&json!(id), &json!(address)), "{name}");
        assert_eq!((&found["balance"]["balance"], &found["key"]), (&json!(5), &Value::Null));
    }
    let path =
        format!("/api/v1/accounts?account.id={id}&account.id=eq:0.0.2&account.id=0.0.999999&balance=false");
    let rows = all(&net, path, "accounts").await;
    assert_eq!(rows.iter().map(|row| &row["account"]).collect::<Vec<_>>(), [&json!("0.0.2"), &json!(id)]);
    net.did("PATCH", &format!("/v1/accounts/{id}"), json!({"contract": true, "deleted": true})).await;
    let rows = all(&net, format!("/api/v1/contracts?contract.id={id}&contract.id=0.0.2"), "contracts").await;
    assert_eq!((rows.len(), &rows[0]["contract_id"]), (1, &json!(id)));
    assert_eq!(net.mirror(&format!("/api/v1/accounts/{id}")).await["deleted"], true);
}

#[tokio::test]
async fn relations_and_pause_are_shown() {
    let net = net().await;
    let token = token(&net, 1).await;
    let holder = all(&net, format!("/api/v1/tokens/{token}/balances?account.balance=gt:0"), "balances").await;
    let holder = holder[0]["account"].as_str().expect("an account").to_owned();
    net.did("PUT", &format!("/v1/tokens/{token}/accounts/{holder}"), json!({"frozen": true})).await;
    let rows = all(&net, format!("/api/v1/accounts/{holder}/tokens?token.id={token}"), "tokens").await;
    assert_eq!(
        (&rows[0]["freeze_status"], &rows[0]["kyc_status"]),
        (&json!("FROZEN"), &json!("NOT_APPLICABLE"))
    );
    net.did("PATCH", &format!("/v1/tokens/{token}"), json!({"paused": true})).await;
    let info = net.mirror(&format!("/api/v1/tokens/{token}")).await;
    assert_eq!((&info["pause_status"], &info["decimals"]), (&json!("PAUSED"), &json!("8")));
    assert_eq!(info["custom_fees"]["fractional_fees"], json!([]));
}

#[tokio::test]
async fn a_token_is_shown_as_it_was_at_a_time_and_as_far_as_the_replica_is() {
    let net = net().await;
    let request = json!({"name": "Acme", "symbol": "ACME", "decimals": 2, "treasury_units": 500,
        "pause_key": true});
    let created = net.did("POST", "/v1/tokens", request).await;
    let (token, old) = (created["token_id"].as_str().expect("an id"), &created["treasury"]);
    let new = net.did("POST", "/v1/accounts", json!({})).await["account_id"].clone();
    net.did("PUT", "/v1/mirrors/1", json!({"stalled": true})).await;
    let moved = net.did("PATCH", &format!("/v1/tokens/{token}"), json!({"treasury": new})).await;
    assert_eq!((&moved["treasury"], &moved["supply"]), (&new, &json!("500")));
    let network = net.sandbox.network().mirror.clone();
    let asked = async |replica: usize, query: &str| {
        let path = format!("/api/v1/tokens/{token}{query}");
        let (status, body) = net.get(&network.replica_urls[replica], &path).await;
        (status.as_u16(), body)
    };
    let (_, now) = asked(0, "").await;
    let modified = now["modified_timestamp"].as_str().expect("a time").to_owned();
    assert_eq!((&now["treasury_account_id"], &now["auto_renew_account"]), (&new, old));
    for (query, treasury) in [
        (format!("?timestamp=lte:{modified}"), &new),
        (format!("?timestamp={modified}"), &new),
        (format!("?timestamp=eq:{modified}"), &new),
        (format!("?timestamp=lt:{modified}"), old),
        (format!("?timestamp={modified}&timestamp=lt:{modified}"), old),
        ("?timestamp=lte:9999999999".to_owned(), &new),
    ] {
        let (status, body) = asked(0, &query).await;
        assert_eq!((status, &body["treasury_account_id"]), (200, treasury), "{query}");
    }
    // Before it was paused, it was not.
    net.did("PATCH", &format!("/v1/tokens/{token}"), json!({"paused": true})).await;
    let (_, then) = asked(0, &format!("?timestamp={modified}")).await;
    assert_eq!((&then["pause_status"], &then["modified_timestamp"]), (&json!("UNPAUSED"), &json!(modified)));
    let born = then["created_timestamp"].as_str().expect("a time");
    assert_eq!(asked(0, &format!("?timestamp={born}")).await.0, 200);
    assert_eq!(asked(0, &format!("?timestamp=lt:{born}")).await.0, 404, "it did not exist yet");
    assert_eq!(asked(0, "?timestamp=lt:0").await.0, 404);
    for query in ["", "?timestamp=lte:9999999999", &format!("?timestamp={modified}")] {
        let (status, behind) = asked(1, query).await;
        assert_eq!((status, &behind["treasury_account_id"]), (200, old), "it has seen no other: {query}");
        assert_eq!(behind["modified_timestamp"], json!(born));
    }
    for (replica, holder) in [(0, &new), (1, old)] {
        let (_, held) = asked(replica, "/balances?account.balance=gt:0").await;
        assert_eq!(held["balances"], json!([{"account": holder, "balance": 500, "decimals": 2}]));
    }
}

#[tokio::test]
async fn what_is_wrong_gets_400_and_what_is_not_there_404() {
    let net = net().await;
    let base = net.sandbox.network().mirror.url.clone();
    for (path, status, message) in [
        ("/api/v1/tokens/0.0.999", 404, "Not found"),
        ("/api/v1/tokens/x", 400, "Invalid parameter: token.id"),
        ("/api/v1/accounts/0.0.999", 404, "Not found"),
        ("/api/v1/accounts/0.0.0", 404, "Not found"),
        ("/api/v1/accounts/zzz", 400, "Invalid parameter: idOrAliasOrEvmAddress"),
        ("/api/v1/tokens/0.0.1003/balances?limit=0", 400, "Invalid parameter: limit"),
        ("/api/v1/tokens/0.0.1003/balances?order=up", 400, "Invalid parameter: order"),
        ("/api/v1/tokens/0.0.1003/balances?timestamp=yesterday", 400, "Invalid parameter: timestamp"),
        ("/api/v1/tokens/0.0.1003?timestamp=gt:9999999999", 400, "Invalid parameter: timestamp"),
        ("/api/v1/tokens/0.0.1003?timestamp=gte:9999999999", 400, "Invalid parameter: timestamp"),
        ("/api/v1/tokens/0.0.1003?timestamp=ne:1", 400, "Invalid parameter: timestamp"),
        ("/api/v1/tokens/0.0.1003?timestamp=lte:now", 400, "Invalid parameter: timestamp"),
        ("/api/v1/tokens/0.0.1003?timestamp=ne:1&timestamp=9999999999", 400, "Invalid parameter: timestamp"),
        ("/api/v1/accounts?colour=red", 400, "Unknown query parameter: colour"),
        ("/api/v1/nothing", 404, "Not found"),
    ] {
        let (given, body) = net.get(&base, path).await;
        assert_eq!(
            (given.as_u16(), &body["_status"]["messages"][0]["message"]),
            (status, &json!(message)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_network_lists_its_nodes_rate_and_fees() {
    let net = net().await;
    let nodes = net.mirror("/api/v1/network/nodes").await;
    let network = net.sandbox.network();
    for (index, node) in network.nodes.iter().enumerate() {
        let shown = &nodes["nodes"][index];
        assert_eq!(shown["node_account_id"], node.account_id.to_string());
        assert_eq!(shown["service_endpoints"][0]["port"], node.address.port());
    }
    assert_eq!(net.mirror("/api/v1/network/exchangerate").await["current_rate"]["hbar_equivalent"], 30_000);
    assert!(net.mirror("/api/v1/network/fees").await["fees"].is_array());
    assert_eq!(net.mirror("/api/v1/balances?account.id=0.0.2").await["balances"][0]["account"], "0.0.2");
    assert_eq!(net.mirror("/api/v1/tokens?token.id=0.0.1003").await["tokens"][0]["symbol"], "USDC");
}

#[tokio::test]
async fn a_deleted_account_is_shown_under_its_number_and_not_under_its_alias() {
    let net = net().await;
    let alias = "0xabcdefabcdefabcdefabcdefabcdefabcdefabcd";
    let created = net.did("POST", "/v1/accounts", json!({"evm_address": alias})).await;
    let id = created["account_id"].as_str().expect("an id").to_owned();
    assert_eq!(net.mirror(&format!("/api/v1/accounts/{alias}")).await["account"], json!(id));
    net.did("PATCH", &format!("/v1/accounts/{id}"), json!({"deleted": true})).await;
    assert_eq!(net.mirror(&format!("/api/v1/accounts/{id}")).await["deleted"], json!(true));
    let listed = net.mirror(&format!("/api/v1/accounts?account.id={id}")).await;
    assert_eq!(listed["accounts"][0]["deleted"], json!(true));
    let base = net.sandbox.network().mirror.url.clone();
    assert_eq!(net.get(&base, &format!("/api/v1/accounts/{alias}")).await.0, 404);
}

fn world_seconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after the epoch").as_secs()
}

#[tokio::test]
async fn blocks_go_on_though_nobody_pays_and_a_lagging_replica_shows_older_ones() {
    let net = net().await;
    let mirror = net.sandbox.network().mirror.clone();
    let newest = async |base: &str| {
        let (_, body) = net.get(base, "/api/v1/blocks?limit=1&order=desc").await;
        body["blocks"][0]["number"].as_u64()
    };
    let now = world_seconds();
    let seen = newest(&mirror.replica_urls[0]).await.expect("a block");
    assert!((now / 2 - 1..=now / 2 + 30).contains(&seen), "the newest whole one: {seen} at {now}");
    net.did("PUT", "/v1/mirrors/1", json!({"lag_millis": 60_000})).await;
    let lagging = newest(&mirror.replica_urls[1]).await.expect("a block");
    assert!((seen - 31..=seen).contains(&lagging), "half a minute of blocks behind: {lagging}");
    let (_, all) = net.get(&mirror.replica_urls[0], "/api/v1/blocks?order=asc&block.number=lt:2").await;
    let numbers: Vec<u64> =
        all["blocks"].as_array().expect("rows").iter().filter_map(|row| row["number"].as_u64()).collect();
    assert_eq!(numbers, [0, 1]);
}
