//! Lists of assets.

use proto::asset::v1::{AssetType, ImportAssetRequest, ListAssetsRequest, ListAssetsResponse};
use serde_json::json;
use tonic::Code;

use crate::support::{Service, equity, fields, reason};

async fn list(service: &Service, message: ListAssetsRequest) -> ListAssetsResponse {
    service.assets().list_assets(service.read(message)).await.expect("a good request").into_inner()
}

fn ids(page: &ListAssetsResponse) -> Vec<String> {
    page.assets.iter().map(|asset| asset.id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_listed_newest_first_page_by_page_and_by_type() {
    let service = Service::start().await;
    let mut newest_first = Vec::new();
    for n in 0..5 {
        let token_id = service.sandbox.token(json!({})).await;
        let kind = if n % 2 == 0 { AssetType::Equity } else { AssetType::Other };
        let request = ImportAssetRequest { r#type: kind.into(), ..equity(&token_id) };
        let answer = service.assets().import_asset(service.write(request)).await.expect("imported");
        newest_first.insert(0, answer.into_inner().asset.expect("an asset").id);
    }
    let first = list(&service, ListAssetsRequest { page_size: 3, ..ListAssetsRequest::default() }).await;
    assert!(first.assets.iter().all(|asset| asset.sync.is_some()), "with their syncs");
    let page_token = first.next_page_token.clone();
    let second =
        list(&service, ListAssetsRequest { page_size: 3, page_token, ..ListAssetsRequest::default() }).await;
    assert_eq!(second.next_page_token, "");
    assert_eq!([ids(&first), ids(&second)].concat(), newest_first);
    let others = ListAssetsRequest { r#type: AssetType::Other.into(), ..ListAssetsRequest::default() };
    assert_eq!(ids(&list(&service, others).await), [newest_first[1].clone(), newest_first[3].clone()]);
    let exact = list(&service, ListAssetsRequest { page_size: 5, ..ListAssetsRequest::default() }).await;
    assert_eq!((exact.assets.len(), exact.next_page_token.as_str()), (5, ""), "no empty page follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_of_another_query_is_refused() {
    let service = Service::start().await;
    for _ in 0..2 {
        let token_id = service.sandbox.token(json!({})).await;
        service.import(&token_id).await;
    }
    let page = list(&service, ListAssetsRequest { page_size: 1, ..ListAssetsRequest::default() }).await;
    let refuse = async |message| service.assets().list_assets(service.read(message)).await;
    let (page_token, other) = (page.next_page_token, AssetType::Equity.into());
    let mismatch = refuse(ListAssetsRequest { page_token, r#type: other, page_size: 1 }).await;
    assert_eq!(reason(mismatch), (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned()));
    let garbage =
        refuse(ListAssetsRequest { page_token: "!".to_owned(), ..ListAssetsRequest::default() }).await;
    assert_eq!(reason(garbage), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned()));
    let negative = refuse(ListAssetsRequest { page_size: -1, ..ListAssetsRequest::default() }).await;
    assert_eq!(fields(negative), ["page_size"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_do_without_sync_summaries_when_the_holder_service_is_away() {
    let service = Service::start().await;
    let token_id = service.sandbox.token(json!({})).await;
    let asset = service.import(&token_id).await;
    service.holders.set_away(true);
    assert_eq!(service.get(&asset.id).await.sync, None);
    let page = list(&service, ListAssetsRequest::default()).await;
    assert_eq!(page.assets[0].sync, None);
}
