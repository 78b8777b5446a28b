//! Funding accounts: known on the network, with a key that can be read, each label once.

use proto::execution::v1 as pb;
use proto::execution::v1::funding_account_service_client::FundingAccountServiceClient;

use crate::support::{Bench, reason};

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_pay_is_refused() {
    let bench = Bench::start().await;
    let operator = bench.sandbox.network().operator.account_id.to_string();
    let taken = bench.create_funding_account("main", &operator, "operator", "k1").await.unwrap_err();
    assert_eq!(reason(&taken), "LABEL_TAKEN");
    let unknown = bench.create_funding_account("other", "0.0.999999", "operator", "k2").await.unwrap_err();
    assert_eq!(reason(&unknown), "ACCOUNT_NOT_FOUND");
    std::fs::write(bench.dir.path().join("stranger.key"), "07".repeat(32)).unwrap();
    let mismatch = bench.create_funding_account("other", &operator, "stranger", "k4").await.unwrap_err();
    assert_eq!(
        (mismatch.code(), reason(&mismatch).as_str()),
        (tonic::Code::FailedPrecondition, "KEY_MISMATCH")
    );
    for (account, key) in
        [("nonsense", "operator"), (operator.as_str(), "missing"), (operator.as_str(), "../operator")]
    {
        let refused = bench.create_funding_account("other", account, key, "k3").await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{account} {key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_key_gives_the_first_answer_and_another_body_is_refused() {
    let bench = Bench::start().await;
    let operator = bench.sandbox.network().operator.account_id.to_string();
    let first = bench.create_funding_account("second", &operator, "operator", "same").await.unwrap();
    let again = bench.create_funding_account("second", &operator, "operator", "same").await.unwrap();
    assert_eq!(first, again);
    let other = bench.create_funding_account("third", &operator, "operator", "same").await.unwrap_err();
    assert_eq!(reason(&other), "IDEMPOTENCY_KEY_REUSED");
    let mut client = FundingAccountServiceClient::new(bench.channel());
    let list = pb::ListFundingAccountsRequest::default();
    let all = client.list_funding_accounts(bench.request(list)).await.unwrap().into_inner().funding_accounts;
    assert_eq!(all.iter().map(|account| account.label.as_str()).collect::<Vec<_>>(), ["main", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_says_what_is_there_and_what_is_needed() {
    let bench = Bench::start().await;
    let message = pb::QuoteRunRequest {
        funding_account_id: bench.funding.clone(),
        asset: bench.asset.clone(),
        count: 90,
        total_units: "1000".to_owned(),
    };
    let quote = bench.client().quote_run(bench.request(message.clone())).await.unwrap().into_inner();
    assert_eq!((quote.required_units.as_str(), quote.funding_units.as_str()), ("1000", "1000000000000000"));
    let fees: u64 = quote.expected_fees_tinybars.parse().unwrap();
    assert!(fees > 0);
    let hbar = pb::QuoteRunRequest { asset: "hedera:sandbox/hbar".to_owned(), ..message };
    let quote = bench.client().quote_run(bench.request(hbar)).await.unwrap().into_inner();
    let fees: u64 = quote.expected_fees_tinybars.parse().unwrap();
    assert_eq!(
        quote.required_units,
        (1000 + fees).to_string(),
        "HBAR runs keep a fee reserve from the same balance"
    );
}
