//! Lists of holders, searches, history.

use std::time::{Duration, SystemTime};

use ids::{AssetId, SystemIds};
use proto::holder::v1::{
    GetBalanceAtRequest, HolderKind, HolderOrder, ListBalanceHistoryRequest, ListHoldersRequest,
    ListHoldersResponse, SnapshotState, SyncState, TakeSnapshotRequest,
};
use serde_json::json;
use tonic::Code;

use crate::support::{Ground, Replica, fields, numbered, reason};

const ALIAS: &str = "0xabcdefabcdefabcdefabcdefabcdefabcdefabcd";

async fn page(replica: &Replica, message: ListHoldersRequest) -> ListHoldersResponse {
    replica.client().list_holders(replica.read(message)).await.expect("a good request").into_inner()
}

/// All pages of three, as account numbers.
async fn all(replica: &Replica, asset: AssetId, order: HolderOrder) -> Vec<String> {
    let mut message = ListHoldersRequest {
        asset_id: asset.to_string(),
        page_size: 3,
        order: order.into(),
        ..ListHoldersRequest::default()
    };
    let mut accounts = Vec::new();
    loop {
        let page = page(replica, message.clone()).await;
        assert!(page.holders.len() <= 3 && page.total_count == 8);
        accounts.extend(page.holders.into_iter().map(|holder| holder.account.replace("0.0.", "")));
        if page.next_page_token.is_empty() {
            return accounts;
        }
        message.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_page_through_every_order_without_gaps_also_among_equal_balances() {
    let ground = Ground::new().await;
    let lines =
        "0.0.5001,5\n0.0.5002,7\n0.0.5003,5\n0.0.5004,5\n0.0.5005,5\n0.0.5006,9\n0.0.5007,5\n0.0.5008,1";
    let token = ground.sandbox.token(lines).await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    let largest_first = ["5006", "5002", "5001", "5003", "5004", "5005", "5007", "5008"];
    assert_eq!(all(&replica, asset, HolderOrder::BalanceDesc).await, largest_first);
    assert_eq!(all(&replica, asset, HolderOrder::Unspecified).await, largest_first);
    let smallest_first = ["5008", "5001", "5003", "5004", "5005", "5007", "5002", "5006"];
    assert_eq!(all(&replica, asset, HolderOrder::BalanceAsc).await, smallest_first);
    let by_account = ["5001", "5002", "5003", "5004", "5005", "5006", "5007", "5008"];
    assert_eq!(all(&replica, asset, HolderOrder::Account).await, by_account);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_of_another_query_is_refused() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&numbered(5)).await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    let query =
        ListHoldersRequest { asset_id: asset.to_string(), page_size: 2, ..ListHoldersRequest::default() };
    let page_token = page(&replica, query.clone()).await.next_page_token;
    let other = ListHoldersRequest { order: HolderOrder::Account.into(), page_token, ..query.clone() };
    let refused = replica.client().list_holders(replica.read(other)).await;
    assert_eq!(reason(refused), (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned()));
    let garbage = ListHoldersRequest { page_token: "x".to_owned(), ..query.clone() };
    let refused = replica.client().list_holders(replica.read(garbage)).await;
    assert_eq!(reason(refused), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned()));
    let negative = ListHoldersRequest { page_size: -1, ..query };
    assert_eq!(fields(replica.client().list_holders(replica.read(negative)).await), ["page_size"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_have_their_kind_their_address_and_their_share() {
    let ground = Ground::new().await;
    let lines = format!("0x0000000000000000000000000000000000000000,10\n0.0.900,20\n0.0.5001,30\n{ALIAS},40");
    let token = ground.sandbox.token(&lines).await;
    let contract = ground.sandbox.post("accounts", json!({"contract": true})).await;
    let contract = contract["account_id"].as_str().expect("an id").to_owned();
    ground
        .sandbox
        .post(&format!("tokens/{token}/holders?store_balances=false"), json!({"count": 1, "seed": 1}))
        .await;
    let relation = format!("tokens/{token}/accounts/{contract}");
    ground.sandbox.put(&relation, json!({"associated": true})).await;
    ground.sandbox.transfer(&token, "0.0.5001", &contract, 5).await;
    let treasury = ground.sandbox.issuer();
    ground.sandbox.transfer(&token, "0.0.5001", &treasury, 5).await;
    ground.sandbox.store().await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    let everybody = ListHoldersRequest { asset_id: asset.to_string(), ..ListHoldersRequest::default() };
    let everybody = page(&replica, everybody).await.holders;
    let total: u128 = everybody.iter().map(|holder| holder.balance.parse::<u128>().expect("units")).sum();
    let kind = |account: &str| {
        everybody.iter().find(|holder| holder.account == account).map(proto::holder::v1::Holder::kind)
    };
    assert_eq!(kind("0.0.0"), Some(HolderKind::Zero));
    assert_eq!(kind("0.0.900"), Some(HolderKind::System));
    assert_eq!(kind("0.0.5001"), Some(HolderKind::Account));
    assert_eq!(kind(&contract), Some(HolderKind::Contract));
    assert_eq!(kind(&treasury), Some(HolderKind::Treasury));
    for search in [ALIAS.to_owned(), ALIAS.to_uppercase().replace("0X", "0x")] {
        let message =
            ListHoldersRequest { asset_id: asset.to_string(), search, ..ListHoldersRequest::default() };
        let found = page(&replica, message).await;
        assert_eq!((found.total_count, found.holders.len()), (1, 1));
        let holder = &found.holders[0];
        assert_eq!((holder.evm_address.as_str(), holder.balance.as_str()), (ALIAS, "40"));
        let share = u128::from(holder.share_ppb);
        assert_eq!(share, 40 * 1_000_000_000 / total);
        assert!(holder.since_ns > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_are_of_the_supply_that_the_listed_balances_add_up_to() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,500\n0.0.5002,303").await;
    ground.sandbox.mint(&token, "0.0.5003,197").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    let everybody = ListHoldersRequest { asset_id: asset.to_string(), ..ListHoldersRequest::default() };
    let shares = async || {
        let holders = page(&replica, everybody.clone()).await.holders;
        holders.into_iter().map(|holder| holder.share_ppb).collect::<Vec<_>>()
    };
    assert_eq!(shares().await, [622_665_006, 377_334_993], "what was minted since is nobody's here");
    assert_eq!(replica.sync(asset).await.changed_count, 0);
    assert_eq!(shares().await, [622_665_006, 377_334_993], "nor after a sync that found the same state");
    ground.sandbox.store().await;
    replica.sync(asset).await;
    assert_eq!(shares().await, [500_000_000, 303_000_000, 197_000_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_passes_from_a_deleted_account_to_another_stops_no_sync() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token(&format!("{ALIAS},40\n0.0.5001,60")).await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    let search = ListHoldersRequest {
        asset_id: asset.to_string(),
        search: ALIAS.to_owned(),
        ..ListHoldersRequest::default()
    };
    let first = page(&replica, search.clone()).await.holders[0].account.clone();
    // What is deleted holds nothing any more; the next one is created with the alias that became free.
    ground.sandbox.transfer(&token, &first, "0.0.5001", 40).await;
    ground.sandbox.patch(&format!("accounts/{first}"), json!({"deleted": true})).await;
    let second = ground.sandbox.post("accounts", json!({"evm_address": ALIAS})).await;
    let second = second["account_id"].as_str().expect("an id").to_owned();
    ground.sandbox.transfer(&token, "0.0.5001", &second, 1).await;
    ground.sandbox.store().await;
    let sync = replica.sync(asset).await;
    assert_eq!((sync.state(), sync.failure_reason.as_str()), (SyncState::Succeeded, ""));
    let found = page(&replica, search).await.holders;
    let found: Vec<_> = found.iter().map(|it| (it.account.as_str(), it.evm_address.as_str())).collect();
    assert_eq!(found, [(second.as_str(), ALIAS)]);
    let message = TakeSnapshotRequest { asset_id: asset.to_string(), ..TakeSnapshotRequest::default() };
    let snapshot = replica.take(message).await.expect("a good request");
    assert_eq!(replica.ended_snapshot(&snapshot.id).await.state(), SnapshotState::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_one_holder_or_none_and_refuses_what_is_neither_account_nor_address() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,30\n0.0.5002,40").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    replica.ended_sync(asset).await;
    let search = |search: &str| ListHoldersRequest {
        asset_id: asset.to_string(),
        search: search.to_owned(),
        ..ListHoldersRequest::default()
    };
    for text in ["0.0.5001", "0x0000000000000000000000000000000000001389"] {
        assert_eq!(page(&replica, search(text)).await.holders[0].account, "0.0.5001");
    }
    for text in ["0.0.5003", ALIAS] {
        let found = page(&replica, search(text)).await;
        assert_eq!((found.holders.len(), found.total_count), (0, 0), "{text}");
    }
    for text in ["5001", "0x12", "0.0.05001", "alice"] {
        assert_eq!(
            fields(replica.client().list_holders(replica.read(search(text))).await),
            ["search"],
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_every_change_that_a_sync_saw() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100\n0.0.5002,200").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let mut syncs = vec![replica.ended_sync(asset).await];
    for units in [10, 90] {
        ground.sandbox.transfer(&token, "0.0.5001", "0.0.5002", units).await;
        ground.sandbox.store().await;
        syncs.push(replica.sync(asset).await);
    }
    let mut message = ListBalanceHistoryRequest {
        asset_id: asset.to_string(),
        account: "0.0.5001".to_owned(),
        page_size: 2,
        page_token: String::new(),
    };
    let list = async |message| replica.client().list_balance_history(replica.read(message)).await;
    let newest = list(message.clone()).await.expect("known").into_inner();
    message.page_token.clone_from(&newest.next_page_token);
    let oldest = list(message.clone()).await.expect("known").into_inner();
    assert_eq!(oldest.next_page_token, "");
    let seen: Vec<_> = newest.changes.into_iter().chain(oldest.changes).collect();
    let seen: Vec<_> = seen
        .iter()
        .map(|change| (change.balance.as_str(), change.consensus_ns, change.sync_id.as_str()))
        .collect();
    let told = |n: usize, balance| (balance, syncs[n].consensus_ns, syncs[n].id.as_str());
    assert_eq!(seen, [told(2, "0"), told(1, "90"), told(0, "100")]);
    let stranger = ListBalanceHistoryRequest {
        account: "0.0.7777".to_owned(),
        page_token: String::new(),
        ..message.clone()
    };
    assert_eq!(reason(list(stranger).await), (Code::NotFound, "HOLDER_NOT_FOUND".to_owned()));
    let other = ListBalanceHistoryRequest { account: "0.0.5002".to_owned(), ..message.clone() };
    assert_eq!(reason(list(other).await).1, "PAGE_TOKEN_MISMATCH");
    let bad = ListBalanceHistoryRequest { account: "5001".to_owned(), page_token: String::new(), ..message };
    assert_eq!(fields(list(bad).await), ["account"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_at_a_time_is_the_last_change_before_it() {
    let ground = Ground::new().await;
    let token = ground.sandbox.token("0.0.5001,100\n0.0.5002,200").await;
    let replica = ground.replica().await;
    let asset = replica.register(&token).await;
    let first = replica.ended_sync(asset).await;
    ground.sandbox.token("0.0.5003,1").await;
    let relation = format!("tokens/{token}/accounts/0.0.5003");
    ground.sandbox.put(&relation, json!({"associated": true})).await;
    ground.sandbox.transfer(&token, "0.0.5001", "0.0.5003", 100).await;
    ground.sandbox.store().await;
    let second = replica.sync(asset).await;
    let at = async |account: &str, ns: i64| {
        let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(ns.unsigned_abs());
        let (asset_id, account) = (asset.to_string(), account.to_owned());
        let message = GetBalanceAtRequest { asset_id, account, time: Some(time.into()) };
        replica.client().get_balance_at(replica.read(message)).await
    };
    let balance = async |account, ns| {
        at(account, ns).await.expect("known").into_inner().balance.expect("a balance").balance
    };
    assert_eq!(balance("0.0.5001", first.consensus_ns).await, "100");
    assert_eq!(balance("0.0.5001", second.consensus_ns - 1).await, "100");
    assert_eq!(balance("0.0.5001", second.consensus_ns).await, "0");
    assert_eq!(balance("0.0.5003", second.consensus_ns).await, "100");
    assert_eq!(balance("0.0.5003", second.consensus_ns - 1).await, "0", "nobody held it before");
    let too_early = at("0.0.5001", first.consensus_ns - 1).await;
    assert_eq!(reason(too_early), (Code::FailedPrecondition, "BALANCE_UNKNOWN".to_owned()));
    let stranger = at("0.0.7777", second.consensus_ns).await;
    assert_eq!(reason(stranger), (Code::NotFound, "HOLDER_NOT_FOUND".to_owned()));
    let timeless =
        GetBalanceAtRequest { asset_id: asset.to_string(), account: "0.0.5001".to_owned(), time: None };
    assert_eq!(fields(replica.client().get_balance_at(replica.read(timeless)).await), ["time"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_an_unknown_asset_say_so() {
    let ground = Ground::new().await;
    let replica = ground.replica().await;
    replica.ready().await;
    let asset_id = AssetId::new(&SystemIds).to_string();
    let not_found = (Code::NotFound, "ASSET_NOT_FOUND".to_owned());
    let message = ListHoldersRequest { asset_id: asset_id.clone(), ..ListHoldersRequest::default() };
    assert_eq!(reason(replica.client().list_holders(replica.read(message)).await), not_found);
    let account = "0.0.5001".to_owned();
    let message = ListBalanceHistoryRequest {
        asset_id: asset_id.clone(),
        account: account.clone(),
        ..ListBalanceHistoryRequest::default()
    };
    assert_eq!(reason(replica.client().list_balance_history(replica.read(message)).await), not_found);
    let message = GetBalanceAtRequest { asset_id, account, time: Some(SystemTime::now().into()) };
    assert_eq!(reason(replica.client().get_balance_at(replica.read(message)).await), not_found);
}
