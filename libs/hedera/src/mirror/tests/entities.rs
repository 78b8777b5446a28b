//! Tokens, accounts, contracts and relationships as a mirror node writes them.

use super::{FakeMirror, account, ok, status, token};
use crate::ids::AccountId;
use crate::mirror::{
    AccountRef, BATCH_MAX, FreezeStatus, KycStatus, MirrorError, PauseStatus, TokenKeys, TokenType,
};

const TOKEN: &str = include_str!("token.json");

const ACCOUNT: &str = r#"{"account":"0.0.1001","alias":null,"balance":{"balance":700,"timestamp":"1.000000001","tokens":[]},
    "deleted":false,"evm_address":"0x00000000000000000000000000000000000003e9","key":null,
    "max_automatic_token_associations":-1,"receiver_sig_required":true,"transactions":[],"links":{"next":null}}"#;

#[tokio::test]
async fn a_tokens_facts_are_read() {
    let mirror = FakeMirror::start([ok(TOKEN)]).await;
    let found = mirror.client().token(token()).await.expect("an answer").expect("a token");
    assert_eq!((found.name.as_str(), found.symbol.as_str(), found.decimals), ("USD Coin", "USDC", 6));
    assert_eq!((found.total_supply, found.treasury), (i64::MAX.unsigned_abs(), account(1_438_384)));
    assert_eq!((found.kind, found.pause_status), (TokenType::FungibleCommon, PauseStatus::Unpaused));
    assert!(!found.deleted && !found.freeze_default);
    assert_eq!(found.keys, TokenKeys { freeze: true, fee_schedule: true, ..TokenKeys::default() });
    assert!(found.custom_fees.reduce_receipts());
    assert_eq!(found.custom_fees.fixed_fees[0].amount, 5);
    assert_eq!(mirror.asked(), ["/api/v1/tokens/0.0.456858"]);
}

#[tokio::test]
async fn a_token_is_read_as_of_a_time_and_an_answer_of_a_later_change_is_refused() {
    const MODIFIED_NS: i64 = 1_700_000_000_000_000_001;
    let mirror = FakeMirror::start([ok(TOKEN)]).await;
    let client = mirror.client();
    let found = client.token_at(token(), MODIFIED_NS).await.expect("an answer").expect("a token");
    assert_eq!((found.treasury, found.decimals), (account(1_438_384), 6));
    assert_eq!(mirror.asked(), ["/api/v1/tokens/0.0.456858?timestamp=lte:1700000000.000000001"]);
    let later = client.token_at(token(), MODIFIED_NS - 1).await.expect_err("it is of a later change");
    assert!(matches!(later, MirrorError::Malformed { .. }), "{later}");
    let silent = TOKEN.replace("modified_timestamp", "modified");
    let silent = FakeMirror::start([ok(silent)]).await.client().token_at(token(), MODIFIED_NS).await;
    assert!(matches!(silent, Err(MirrorError::Malformed { .. })), "{silent:?}");
    let unborn = FakeMirror::start([status(404)]).await;
    assert_eq!(unborn.client().token_at(token(), MODIFIED_NS).await, Ok(None));
}

#[tokio::test]
async fn fees_that_the_sender_pays_do_not_reduce_receipts() {
    let body = TOKEN.replace("\"net_of_transfers\": false", "\"net_of_transfers\": true");
    let mirror = FakeMirror::start([ok(body)]).await;
    let fees = mirror.client().token(token()).await.expect("an answer").expect("a token").custom_fees;
    assert!(!fees.reduce_receipts() && !fees.is_empty());
}

#[tokio::test]
async fn an_account_is_found_by_number_and_by_address() {
    let mirror = FakeMirror::start([ok(ACCOUNT)]).await;
    let client = mirror.client();
    let by_number =
        client.account(AccountRef::Id(account(1001))).await.expect("an answer").expect("an account");
    let address = by_number.evm_address.expect("an address");
    let by_address = client.account(AccountRef::Evm(address)).await.expect("an answer").expect("an account");
    assert_eq!(by_number, by_address);
    assert_eq!((by_number.balance_tinybars, by_number.max_automatic_token_associations), (700, -1));
    assert!(by_number.receiver_sig_required && !by_number.deleted);
    assert_eq!(mirror.asked()[0], "/api/v1/accounts/0.0.1001?transactions=false");
    assert_eq!(
        mirror.asked()[1],
        "/api/v1/accounts/0x00000000000000000000000000000000000003e9?transactions=false"
    );
}

#[tokio::test]
async fn an_answer_about_another_account_is_refused() {
    let mirror = FakeMirror::start([ok(ACCOUNT)]).await;
    let error = mirror.client().account(AccountRef::Id(account(1002))).await.expect_err("another account");
    assert!(matches!(error, MirrorError::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn accounts_come_in_one_request_with_the_unknown_ones_missing() {
    let mirror =
        FakeMirror::start([ok(format!("{{\"accounts\":[{ACCOUNT}],\"links\":{{\"next\":null}}}}"))]).await;
    let found = mirror.client().accounts(&[account(1001), account(1002)]).await.expect("an answer");
    assert_eq!(found.iter().map(|info| info.account).collect::<Vec<_>>(), [account(1001)]);
    assert_eq!(mirror.asked(), ["/api/v1/accounts?limit=100&account.id=0.0.1001&account.id=0.0.1002"]);
    assert!(mirror.client().accounts(&[account(1002)]).await.is_err());
}

#[tokio::test]
async fn sparse_accounts_are_read_with_the_networks_defaults() {
    let sparse = r#"{"accounts":[{"account":"0.0.7","balance":null,"deleted":null,"evm_address":null,
        "max_automatic_token_associations":null,"receiver_sig_required":null}]}"#;
    let mirror = FakeMirror::start([ok(sparse)]).await;
    let found = mirror.client().accounts(&[account(7)]).await.expect("an answer");
    assert_eq!((found[0].balance_tinybars, found[0].evm_address, found[0].deleted), (0, None, false));
    assert_eq!(found[0].key, None);
}

#[tokio::test]
async fn the_key_of_an_account_is_compared_where_it_is_one_key() {
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let mut bytes = [0; 32];
    hex::decode_to_slice(public, &mut bytes).expect("32 bytes");
    for (sort, key, own, other) in [
        ("ED25519", public, Some(true), Some(false)),
        ("ED25519", &public.to_uppercase(), Some(true), Some(false)),
        ("ECDSA_SECP256K1", "02c8c2", Some(false), Some(false)),
        ("ProtobufEncoded", "326b0a69", None, None),
    ] {
        let answer = ACCOUNT.replace("\"key\":null", &format!(r#""key":{{"_type":"{sort}","key":"{key}"}}"#));
        let mirror = FakeMirror::start([ok(answer)]).await;
        let asked = mirror.client().account(AccountRef::Id(account(1001))).await.expect("an answer");
        let found = asked.expect("an account").key.expect("a key");
        assert_eq!((found.is(bytes), found.is([7; 32])), (own, other), "{sort}");
    }
}

#[tokio::test]
async fn contracts_among_accounts_are_named() {
    let mirror =
        FakeMirror::start([ok(r#"{"contracts":[{"contract_id":"0.0.12"}],"links":{"next":null}}"#)]).await;
    let found = mirror.client().contracts(&[account(11), account(12)]).await.expect("an answer");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [account(12)]);
    assert_eq!(mirror.asked(), ["/api/v1/contracts?limit=100&contract.id=0.0.11&contract.id=0.0.12"]);
}

#[tokio::test]
async fn a_batch_has_a_limit_and_an_empty_one_asks_nothing() {
    let mirror = FakeMirror::start([status(500)]).await;
    let many: Vec<AccountId> = (1..=101).map(account).collect();
    assert_eq!(mirror.client().accounts(&many).await, Err(MirrorError::BatchTooLarge(BATCH_MAX + 1)));
    assert_eq!(mirror.client().accounts(&[]).await, Ok(Vec::new()));
    assert!(mirror.client().contracts(&[]).await.expect("nothing asked").is_empty());
    assert!(mirror.asked().is_empty());
}

#[tokio::test]
async fn what_an_account_is_to_a_token_is_read() {
    let body = r#"{"tokens":[{"automatic_association":true,"balance":5,"created_timestamp":"123456789.000000001","decimals":6,
        "freeze_status":"FROZEN","kyc_status":"NOT_APPLICABLE","token_id":"0.0.456858"}],"links":{"next":null}}"#;
    let mirror =
        FakeMirror::start([ok(body), ok(r#"{"tokens":[],"links":{"next":null}}"#), status(404)]).await;
    let client = mirror.client();
    let found =
        client.token_relationship(account(7), token()).await.expect("an answer").expect("a relationship");
    assert_eq!((found.balance, found.freeze_status), (5, FreezeStatus::Frozen));
    assert_eq!((found.kyc_status, found.automatic_association), (KycStatus::NotApplicable, true));
    assert_eq!(client.token_relationship(account(7), token()).await, Ok(None));
    assert_eq!(client.token_relationship(account(7), token()).await, Ok(None));
    assert_eq!(mirror.asked()[0], "/api/v1/accounts/0.0.7/tokens?token.id=0.0.456858");
}

#[tokio::test]
async fn automatic_associations_are_counted_over_pages_and_no_further_than_asked() {
    let row = |token: u32, automatic: bool| {
        format!(
            r#"{{"automatic_association":{automatic},"balance":0,"created_timestamp":"1.0","decimals":0,"freeze_status":"NOT_APPLICABLE","kyc_status":"NOT_APPLICABLE","token_id":"0.0.{token}"}}"#
        )
    };
    let page = |rows: &[String], next: &str| {
        ok(format!(r#"{{"tokens":[{}],"links":{{"next":{next}}}}}"#, rows.join(",")))
    };
    let next = r#""/api/v1/accounts/0.0.7/tokens?limit=100&token.id=gt:0.0.2""#;
    let script = [page(&[row(1, true), row(2, false)], next), page(&[row(3, true)], "null")];
    let mirror = FakeMirror::start(script.clone()).await;
    assert_eq!(mirror.client().automatic_associations(account(7), 5).await, Ok(2));
    assert_eq!(mirror.asked()[1], next.trim_matches('"'));
    let mirror = FakeMirror::start(script).await;
    assert_eq!(mirror.client().automatic_associations(account(7), 1).await, Ok(1));
    assert_eq!(mirror.asked().len(), 1);
    let endless = FakeMirror::start([page(&[row(1, true)], next)]).await;
    assert_eq!(endless.client().automatic_associations(account(7), 100).await, Ok(10));
    let astray = FakeMirror::start([page(&[], r#""/api/v1/accounts/0.0.8/tokens""#)]).await;
    assert!(astray.client().automatic_associations(account(7), 1).await.is_err());
}

#[tokio::test]
async fn the_newest_block_says_how_far_a_mirror_node_is() {
    let body = r#"{"blocks":[{"count":3,"number":77,"timestamp":{"from":"1795188267.000000001","to":"1795188268.999999999"}}],"links":{"next":null}}"#;
    let mirror = FakeMirror::start([ok(body), ok(r#"{"blocks":[],"links":{"next":null}}"#)]).await;
    let block = mirror.client().newest_block().await.expect("an answer").expect("a block");
    assert_eq!((block.number, block.end_ns), (77, 1_795_188_268_999_999_999));
    assert_eq!(mirror.client().newest_block().await, Ok(None));
    assert_eq!(mirror.asked()[0], "/api/v1/blocks?limit=1&order=desc");
}
