//! Imports: what is read, what is refused, what is made known to the holder service.

use prost_types::Timestamp;
use proto::asset::v1::{AssetType, BondTerms, ImportAssetRequest, SyncState};
use proto::r#type::v1::Amount;
use serde_json::json;
use tonic::Code;

use crate::support::{Service, equity, fields, reason, until};

fn bond(token_id: &str, units: &str, asset: &str) -> ImportAssetRequest {
    let nominal_value = Some(Amount { units: units.to_owned(), asset: asset.to_owned() });
    let maturity_time = Some(Timestamp { seconds: 1_900_000_000, nanos: 123_456_789 });
    let bond_terms = Some(BondTerms { nominal_value, maturity_time });
    ImportAssetRequest { token_id: token_id.to_owned(), r#type: AssetType::Bond.into(), bond_terms }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_reads_the_token_and_makes_it_known() {
    let service = Service::start().await;
    let fee = json!({"kind": "fractional", "numerator": 1, "denominator": 100, "collector": "0.0.98"});
    let properties = json!({"freeze_key": true, "pause_key": true, "custom_fees": [fee]});
    let token_id = service.sandbox.token(properties).await;
    let asset = service.import(&token_id).await;
    assert_eq!((asset.token_id.as_str(), asset.r#type()), (token_id.as_str(), AssetType::Equity));
    assert_eq!(asset.code, format!("hedera:sandbox/token:{token_id}"));
    assert_eq!(
        asset.sync.as_ref().map(|sync| (sync.state(), sync.holder_count)),
        Some((SyncState::Pending, 7))
    );
    let token = asset.token.clone().expect("facts");
    assert_eq!((token.name.as_str(), token.symbol.as_str()), ("Acme", "ACME"));
    assert_eq!((token.decimals, token.total_supply.as_str()), (2, "1000"));
    assert!(token.has_freeze_key && token.has_pause_key && !token.has_kyc_key);
    assert!(token.has_custom_fees && token.has_fee_on_receipt && !token.network_paused);
    assert!(token.treasury_account.starts_with("0.0.") && token.read_time.is_some());
    assert!(!asset.paused && asset.bond_terms.is_none() && asset.create_time.is_some());
    assert_eq!(service.holders.asked().registered.get(&asset.id), Some(&token_id));
    assert_eq!(service.get(&asset.id).await, asset);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_imported_twice_is_one_asset_and_other_terms_are_refused() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    let first = service.import(&token_id).await;
    service.sandbox.fail("tokens", 500, None).await;
    assert_eq!(service.import(&token_id).await, first, "without asking the network");
    let other = ImportAssetRequest { r#type: AssetType::Other.into(), ..equity(&token_id) };
    let refused = service.assets().import_asset(service.write(other)).await;
    assert_eq!(reason(refused), (Code::AlreadyExists, "ASSET_TERMS_DIFFER".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_imported_by_many_at_once_is_one_asset() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    let imports = (0..8).map(|_| service.import(&token_id));
    let assets = futures::future::join_all(imports).await;
    assert!(assets.iter().all(|asset| asset.id == assets[0].id));
    assert_eq!(service.holders.asked().registered.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_keeps_its_terms_and_only_a_bond_has_them() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    let import = async |request| service.assets().import_asset(service.write(request)).await;
    let request = bond(&token_id, "100000", "iso4217:EUR");
    let imported = import(request.clone()).await.expect("a good bond").into_inner().asset.expect("an asset");
    assert_eq!(imported.bond_terms, request.bond_terms, "to the nanosecond");
    assert_eq!(import(request).await.expect("the same").into_inner().asset, Some(imported));
    let dearer = import(bond(&token_id, "100001", "iso4217:EUR")).await;
    assert_eq!(reason(dearer), (Code::AlreadyExists, "ASSET_TERMS_DIFFER".to_owned()));
    let bare = ImportAssetRequest { bond_terms: None, ..bond(&token_id, "1", "iso4217:EUR") };
    assert_eq!(fields(import(bare).await), ["bond_terms"]);
    let share =
        ImportAssetRequest { r#type: AssetType::Equity.into(), ..bond(&token_id, "1", "iso4217:EUR") };
    assert_eq!(fields(import(share).await), ["bond_terms"]);
    let hollow = ImportAssetRequest { bond_terms: Some(BondTerms::default()), ..bond(&token_id, "1", "x") };
    assert_eq!(fields(import(hollow).await), ["bond_terms.nominal_value", "bond_terms.maturity_time"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_and_ids_are_read_strictly() {
    let service = Service::start().await;
    let import = async |request| fields(service.assets().import_asset(service.write(request)).await);
    for token_id in ["", "0.0", "0.0.0", "0.0.01", "456858", " 0.0.5", "0.0.9223372036854775808"] {
        assert_eq!(import(equity(token_id)).await, ["token_id"], "{token_id:?}");
    }
    for units in ["", "0", "-1", "+5", "1e3", "01", "1.0", " 1", "340282366920938463463374607431768211456"] {
        let field = import(bond("0.0.5001", units, "iso4217:EUR")).await;
        assert_eq!(field, ["bond_terms.nominal_value.units"], "{units:?}");
    }
    for asset in ["", "EUR", "iso4217:eur", "hedera:mainnet/hbar"] {
        let field = import(bond("0.0.5001", "1", asset)).await;
        assert_eq!(field, ["bond_terms.nominal_value.asset"], "{asset:?}");
    }
    let nothing = ImportAssetRequest::default();
    assert_eq!(import(nothing).await, ["token_id", "type"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_the_network_does_not_have_or_that_is_deleted_is_refused() {
    let service = Service::start().await;
    let import = async |token_id: &str| service.assets().import_asset(service.write(equity(token_id))).await;
    let unknown = import("0.0.987654").await;
    assert_eq!(reason(unknown), (Code::NotFound, "TOKEN_NOT_FOUND".to_owned()));
    let token_id = service.sandbox.token(json!({})).await;
    service.sandbox.patch(&format!("tokens/{token_id}"), json!({"deleted": true})).await;
    assert_eq!(reason(import(&token_id).await), (Code::FailedPrecondition, "TOKEN_DELETED".to_owned()));
    let listed =
        service.assets().list_assets(service.read(proto::asset::v1::ListAssetsRequest::default())).await;
    assert_eq!(listed.expect("a list").into_inner().assets, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_node_that_is_away_is_said_to_be_and_a_busy_one_is_asked_again() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    service.sandbox.fail("tokens", 503, None).await;
    let refused = service.assets().import_asset(service.write(equity(&token_id))).await;
    assert_eq!(reason(refused), (Code::Unavailable, "MIRROR_UNAVAILABLE".to_owned()));
    service.sandbox.heal().await;
    service.sandbox.fail("tokens", 429, Some(2)).await;
    assert_eq!(service.import(&token_id).await.token_id, token_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_while_the_holder_service_is_away_is_made_known_later() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    service.holders.set_away(true);
    let asset = service.import(&token_id).await;
    assert_eq!(asset.sync, None);
    assert!(service.holders.asked().registered.is_empty());
    service.holders.set_away(false);
    until("the job has registered it", async || {
        service.holders.asked().registered.contains_key(&asset.id).then_some(())
    })
    .await;
    assert!(service.get(&asset.id).await.sync.is_some());
}
