//! In what may be paid.

use proto::asset::v1::{
    AddPaymentTokenRequest, GetPaymentTokenRequest, ListPaymentTokensRequest, PaymentToken,
    RemovePaymentTokenRequest,
};
use serde_json::json;
use tonic::{Code, Response, Status};

use crate::support::{Service, fields, fresh_key, reason};

async fn add(service: &Service, token: &str) -> Result<Response<PaymentToken>, Status> {
    let message = AddPaymentTokenRequest { token: token.to_owned() };
    let answer = service.payment_tokens().add_payment_token(service.write(message)).await?;
    Ok(answer.map(|answer| answer.payment_token.expect("a payment token")))
}

async fn get(service: &Service, token: &str) -> Result<Response<PaymentToken>, Status> {
    let message = GetPaymentTokenRequest { token: token.to_owned() };
    let answer = service.payment_tokens().get_payment_token(service.read(message)).await?;
    Ok(answer.map(|answer| answer.payment_token.expect("a payment token")))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_accepted_until_somebody_accepts_it() {
    let service = Service::start().await;
    let not_found = (Code::NotFound, "PAYMENT_TOKEN_NOT_FOUND".to_owned());
    assert_eq!(reason(get(&service, "hbar").await), not_found);
    let hbar = add(&service, "hbar").await.expect("accepted").into_inner();
    assert_eq!((hbar.code.as_str(), hbar.token_id.as_str(), hbar.decimals), ("hedera:sandbox/hbar", "", 8));
    assert_eq!((hbar.symbol.as_str(), hbar.added_by.as_str()), ("HBAR", "alice"));
    let token_id = service.sandbox.token(json!({})).await;
    let token = add(&service, &token_id).await.expect("accepted").into_inner();
    assert_eq!(
        (token.token_id.as_str(), token.symbol.as_str(), token.decimals),
        (token_id.as_str(), "ACME", 2)
    );
    assert_eq!(get(&service, &token_id).await.expect("accepted").into_inner(), token);
    service.sandbox.fail("tokens", 500, None).await;
    assert_eq!(add(&service, &token_id).await.expect("accepted").into_inner(), token, "nothing changes");
    for n in [1, 2] {
        let message = ListPaymentTokensRequest { page_size: n, page_token: String::new() };
        let page = service.payment_tokens().list_payment_tokens(service.read(message)).await.expect("a list");
        let page = page.into_inner();
        assert_eq!((page.payment_tokens[0].clone(), page.next_page_token.is_empty()), (hbar.clone(), n == 2));
        if n == 1 {
            let message = ListPaymentTokensRequest { page_size: 1, page_token: page.next_page_token };
            let page =
                service.payment_tokens().list_payment_tokens(service.read(message)).await.expect("a list");
            assert_eq!(page.into_inner().payment_tokens.first(), Some(&token));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_token_is_accepted_no_longer_and_its_old_key_does_not_bring_it_back() {
    let service = Service::start().await;
    let (message, key) = (AddPaymentTokenRequest { token: "hbar".to_owned() }, fresh_key());
    let request = service.write_under(message.clone(), &key);
    let first = service.payment_tokens().add_payment_token(request).await.expect("accepted").into_inner();
    let remove = RemovePaymentTokenRequest { token: "hbar".to_owned() };
    let removed = service.payment_tokens().remove_payment_token(service.write(remove.clone())).await;
    assert!(removed.is_ok());
    let request = service.write_under(message, &key);
    let again =
        service.payment_tokens().add_payment_token(request).await.expect("the first answer").into_inner();
    assert_eq!(again, first);
    let not_found = (Code::NotFound, "PAYMENT_TOKEN_NOT_FOUND".to_owned());
    assert_eq!(reason(get(&service, "hbar").await), not_found);
    let removed = service.payment_tokens().remove_payment_token(service.write(remove)).await;
    assert_eq!(reason(removed), not_found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_pays_less_than_recorded_is_refused_and_a_fee_on_top_is_not() {
    let service = Service::start().await;
    let fee = |net: bool| {
        let fee = json!({
            "kind": "fractional", "numerator": 1, "denominator": 100, "collector": "0.0.98", "net_of_transfers": net
        });
        json!({"custom_fees": [fee]})
    };
    let reducing = service.sandbox.token(fee(false)).await;
    let refused = (Code::FailedPrecondition, "TOKEN_HAS_FEE_ON_RECEIPT".to_owned());
    assert_eq!(reason(add(&service, &reducing).await), refused);
    let on_top = service.sandbox.token(fee(true)).await;
    assert!(add(&service, &on_top).await.is_ok());
    let deleted = service.sandbox.token(json!({})).await;
    service.sandbox.patch(&format!("tokens/{deleted}"), json!({"deleted": true})).await;
    assert_eq!(reason(add(&service, &deleted).await), (Code::FailedPrecondition, "TOKEN_DELETED".to_owned()));
    assert_eq!(reason(add(&service, "0.0.987654").await), (Code::NotFound, "TOKEN_NOT_FOUND".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_but_hbar_or_a_token_id_is_malformed() {
    let service = Service::start().await;
    for bad in ["", "HBAR", "0.0", "0.0.0", "0.0.01", "hedera:sandbox/hbar", "iso4217:EUR"] {
        assert_eq!(fields(add(&service, bad).await), ["token"], "{bad:?}");
        assert_eq!(fields(get(&service, bad).await), ["token"], "{bad:?}");
    }
    let garbage = ListPaymentTokensRequest { page_size: 0, page_token: "!".to_owned() };
    let refused = service.payment_tokens().list_payment_tokens(service.read(garbage)).await;
    assert_eq!(reason(refused).1, "PAGE_TOKEN_INVALID");
}
