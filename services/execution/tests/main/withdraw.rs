//! Withdrawals: to allowed destinations only, never what is reserved, once.

use proto::execution::v1 as pb;
use proto::execution::v1::pause_service_client::PauseServiceClient;
use proto::execution::v1::withdrawal_service_client::WithdrawalServiceClient;
use proto::r#type::v1::Amount;
use serde_json::json;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::alerts::alerts;
use crate::support::{Bench, reason};

fn client(bench: &Bench) -> WithdrawalServiceClient<Channel> {
    WithdrawalServiceClient::new(bench.channel())
}

async fn allow(bench: &Bench, account: u64, key: &str) -> Result<pb::Destination, Status> {
    let message = pb::AddDestinationRequest {
        funding_account_id: bench.funding.clone(),
        account: format!("0.0.{account}"),
        label: "the treasury's own bank".to_owned(),
    };
    let answer = client(bench).add_destination(bench.as_user(message, "alice", key)).await?;
    Ok(answer.into_inner().destination.unwrap())
}

/// A destination that is allowed.
pub(crate) async fn destination(bench: &Bench) -> u64 {
    let account = bench.control.accounts(1).await[0];
    allow(bench, account, &format!("allow-{account}")).await.unwrap();
    account
}

fn order(bench: &Bench, account: u64, units: u64, asset: &str) -> pb::CreateWithdrawalRequest {
    pb::CreateWithdrawalRequest {
        funding_account_id: bench.funding.clone(),
        destination: format!("0.0.{account}"),
        amount: Some(Amount { units: units.to_string(), asset: asset.to_owned() }),
        reason: "the year is over".to_owned(),
    }
}

pub(crate) async fn withdraw(
    bench: &Bench,
    account: u64,
    units: u64,
    key: &str,
) -> Result<pb::Withdrawal, Status> {
    let message = order(bench, account, units, &bench.asset);
    let answer = client(bench).create_withdrawal(bench.as_user(message, "theo", key)).await?;
    Ok(answer.into_inner().withdrawal.unwrap())
}

pub(crate) fn run_of(withdrawal: &pb::Withdrawal) -> String {
    withdrawal.run.as_ref().unwrap().id.clone()
}

async fn read(bench: &Bench, id: &str) -> pb::Withdrawal {
    let message = pb::GetWithdrawalRequest { withdrawal_id: id.to_owned() };
    let answer = client(bench).get_withdrawal(bench.request(message)).await.unwrap();
    answer.into_inner().withdrawal.unwrap()
}

/// What the operator has of the token that is paid.
async fn balance(bench: &Bench) -> u64 {
    let operator = bench.sandbox.network().operator.account_id.to_string();
    let account = bench.control.get(&format!("/v1/accounts/{operator}")).await;
    let tokens = account["tokens"].as_array().unwrap().clone();
    let held = tokens.iter().find(|held| held["token_id"] == bench.token.as_str()).unwrap();
    held["units"].as_str().unwrap().parse().unwrap()
}

async fn pause_everything(bench: &Bench) {
    let scope = Some(pb::pause_request::Scope::Everything(()));
    let message = pb::PauseRequest { scope, reason: "an audit".to_owned() };
    PauseServiceClient::new(bench.channel()).pause(bench.as_user(message, "paula", "p")).await.unwrap();
}

async fn resume_everything(bench: &Bench) {
    let scope = Some(pb::resume_request::Scope::Everything(()));
    let message = pb::ResumeRequest { scope, reason: "it is over".to_owned() };
    PauseServiceClient::new(bench.channel()).resume(bench.as_user(message, "paula", "r")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_reaches_its_destination_once_however_often_it_is_asked_for() {
    let bench = Bench::start().await;
    let account = destination(&bench).await;
    bench.control.post("/v1/faults", json!({ "kind": "lost_after", "times": 1 })).await;
    let asked = tokio::join!(
        withdraw(&bench, account, 1_234_567, "once"),
        withdraw(&bench, account, 1_234_567, "once"),
        withdraw(&bench, account, 1_234_567, "once"),
    );
    let withdrawal = asked.0.unwrap();
    assert_eq!(
        [&withdrawal.id, &withdrawal.id],
        [&asked.1.unwrap().id, &asked.2.unwrap().id],
        "the same key is the same withdrawal"
    );
    assert_eq!((withdrawal.created_by.as_str(), withdrawal.reason.as_str()), ("theo", "the year is over"));
    bench.wait_end(&run_of(&withdrawal)).await;
    let ended = read(&bench, &withdrawal.id).await;
    assert_eq!(ended.run.as_ref().unwrap().state(), pb::RunState::Completed);
    assert_eq!(ended.run.as_ref().unwrap().distribution_id, "");
    assert_eq!(ended.payout.unwrap().status(), pb::PayoutStatus::Paid);
    bench.assert_exactly_once(&run_of(&withdrawal)).await;
    let effects = bench.control.effects(&bench.token).await;
    assert_eq!(effects.iter().map(|effect| effect.units).collect::<Vec<_>>(), [1_234_567]);
    let list = pb::ListWithdrawalsRequest::default();
    let page = client(&bench).list_withdrawals(bench.request(list)).await.unwrap().into_inner();
    assert_eq!(page.withdrawals.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [withdrawal.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_where_nobody_allowed_it_or_does_no_more() {
    let bench = Bench::start().await;
    let account = bench.control.accounts(1).await[0];
    let refused = withdraw(&bench, account, 5, "early").await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "DESTINATION_NOT_ALLOWED")
    );
    let first = allow(&bench, account, "allow").await.unwrap();
    let again = allow(&bench, account, "allow-again").await.unwrap();
    assert_eq!(first, again, "one that is allowed stays as it is");
    let list = pb::ListDestinationsRequest {
        funding_account_id: bench.funding.clone(),
        ..pb::ListDestinationsRequest::default()
    };
    let page = client(&bench).list_destinations(bench.request(list.clone())).await.unwrap().into_inner();
    assert_eq!(page.destinations, [first]);
    let remove = pb::RemoveDestinationRequest {
        funding_account_id: bench.funding.clone(),
        account: format!("0.0.{account}"),
    };
    client(&bench).remove_destination(bench.as_user(remove.clone(), "alice", "end")).await.unwrap();
    let refused = withdraw(&bench, account, 5, "late").await.unwrap_err();
    assert_eq!(reason(&refused), "DESTINATION_NOT_ALLOWED");
    let refused = client(&bench).remove_destination(bench.as_user(remove, "alice", "end-again")).await;
    assert_eq!(reason(&refused.unwrap_err()), "DESTINATION_NOT_FOUND");
    assert!(
        client(&bench)
            .list_destinations(bench.request(list))
            .await
            .unwrap()
            .into_inner()
            .destinations
            .is_empty()
    );
    assert!(bench.control.effects(&bench.token).await.is_empty());
    let own = bench.sandbox.network().operator.account_id.to_string();
    let own = own.rsplit('.').next().unwrap().parse().unwrap();
    assert_eq!(allow(&bench, own, "own").await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(reason(&allow(&bench, 987_654, "nobody").await.unwrap_err()), "ACCOUNT_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_has_still_to_pay_is_not_withdrawn_and_to_the_unit_all_else_is() {
    let bench = Bench::start().await;
    let account = destination(&bench).await;
    let payees: Vec<(u64, u64)> = bench.control.accounts(20).await.into_iter().zip(1_000..).collect();
    let total: u64 = payees.iter().map(|(_, units)| units).sum();
    pause_everything(&bench).await;
    let header = bench.header(&payees);
    bench.start_run(&header, &payees).await.unwrap();
    let free = balance(&bench).await - total;
    let refused = withdraw(&bench, account, free + 1, "a-unit-too-much").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "FUNDS_RESERVED"));
    let withdrawal = withdraw(&bench, account, free, "all-that-is-free").await.unwrap();
    assert_eq!(
        withdrawal.run.as_ref().unwrap().state(),
        pb::RunState::Paused,
        "a pause of everything holds it too"
    );
    let refused = withdraw(&bench, account, 1, "a-second-one").await.unwrap_err();
    assert_eq!(reason(&refused), "FUNDS_RESERVED", "the first reserves what it takes");
    resume_everything(&bench).await;
    let paid = bench.wait_end(&header.run_id).await;
    assert_eq!(paid.state(), pb::RunState::Completed, "{paid:?}");
    assert_eq!(bench.wait_end(&run_of(&withdrawal)).await.state(), pb::RunState::Completed);
    assert_eq!(balance(&bench).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_withdrawals_at_once_no_more_is_taken_than_is_there() {
    let bench = Bench::start().await;
    let account = destination(&bench).await;
    let share = balance(&bench).await / 4 + 1;
    let asked = (0..12).map(|index| {
        let bench = &bench;
        async move { withdraw(bench, account, share, &format!("race-{index}")).await }
    });
    let answers = futures::future::join_all(asked).await;
    let mut taken = 0;
    for answer in answers {
        match answer {
            Ok(withdrawal) => {
                assert_eq!(bench.wait_end(&run_of(&withdrawal)).await.state(), pb::RunState::Completed);
                taken += 1;
            }
            Err(status) => assert_eq!(reason(&status), "FUNDS_RESERVED", "{status:?}"),
        }
    }
    assert!((1..=3).contains(&taken), "{taken} quarters and a bit");
    assert_eq!(bench.control.effects(&bench.token).await.len(), taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_stay_reserved_and_a_withdrawal_that_is_cancelled_in_time_pays_nothing() {
    let bench = Bench::start().await;
    let account = destination(&bench).await;
    let operator = bench.sandbox.network().operator.account_id.to_string();
    let info = bench.control.get(&format!("/v1/accounts/{operator}")).await;
    let tinybars = info["tinybars"].as_str().unwrap().parse::<u64>().unwrap();
    let whole = order(&bench, account, tinybars, "hedera:sandbox/hbar");
    let refused = client(&bench).create_withdrawal(bench.as_user(whole, "theo", "whole")).await.unwrap_err();
    assert_eq!(reason(&refused), "FUNDS_RESERVED", "its own fee has to be paid from it");
    pause_everything(&bench).await;
    let half = order(&bench, account, tinybars / 2, "hedera:sandbox/hbar");
    let answer = client(&bench).create_withdrawal(bench.as_user(half, "theo", "half")).await.unwrap();
    let withdrawal = answer.into_inner().withdrawal.unwrap();
    let cancel = pb::CancelWithdrawalRequest {
        withdrawal_id: withdrawal.id.clone(),
        reason: "a wrong number".to_owned(),
    };
    for key in ["cancel", "cancel", "cancel-again"] {
        client(&bench).cancel_withdrawal(bench.as_user(cancel.clone(), "theo", key)).await.unwrap();
    }
    resume_everything(&bench).await;
    let ended = bench.wait_end(&run_of(&withdrawal)).await;
    assert_eq!(ended.state(), pb::RunState::Cancelled);
    assert_eq!(read(&bench, &withdrawal.id).await.payout.unwrap().status(), pb::PayoutStatus::Cancelled);
    let after = bench.control.get(&format!("/v1/accounts/{operator}")).await;
    assert_eq!(after["tinybars"], info["tinybars"], "nothing was sent");
    let unknown = pb::CancelWithdrawalRequest {
        withdrawal_id: format!("wdr_{}", "7".repeat(32)),
        reason: "none".to_owned(),
    };
    let refused = client(&bench).cancel_withdrawal(bench.as_user(unknown, "theo", "unknown")).await;
    assert_eq!(reason(&refused.unwrap_err()), "WITHDRAWAL_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_order_is_said_field_by_field() {
    use tonic_types::StatusExt as _;
    let bench = Bench::start().await;
    let account = destination(&bench).await;
    let good = order(&bench, account, 5, &bench.asset);
    let amount = |units: &str, asset: &str| Some(Amount { units: units.to_owned(), asset: asset.to_owned() });
    let table = [
        (
            pb::CreateWithdrawalRequest { funding_account_id: "x".to_owned(), ..good.clone() },
            "funding_account_id",
        ),
        (pb::CreateWithdrawalRequest { destination: "0.0.x".to_owned(), ..good.clone() }, "destination"),
        (pb::CreateWithdrawalRequest { amount: None, ..good.clone() }, "amount"),
        (pb::CreateWithdrawalRequest { amount: amount("0", &bench.asset), ..good.clone() }, "amount.units"),
        (pb::CreateWithdrawalRequest { amount: amount("-1", &bench.asset), ..good.clone() }, "amount.units"),
        (pb::CreateWithdrawalRequest { amount: amount("1e3", &bench.asset), ..good.clone() }, "amount.units"),
        (
            pb::CreateWithdrawalRequest {
                amount: amount("9223372036854775808", &bench.asset),
                ..good.clone()
            },
            "amount.units",
        ),
        (pb::CreateWithdrawalRequest { amount: amount("5", "iso4217:USD"), ..good.clone() }, "amount.asset"),
        (pb::CreateWithdrawalRequest { amount: amount("5", "gold"), ..good.clone() }, "amount.asset"),
        (pb::CreateWithdrawalRequest { reason: String::new(), ..good.clone() }, "reason"),
    ];
    for (index, (request, field)) in table.into_iter().enumerate() {
        let request = bench.as_user(request, "theo", &format!("bad-{index}"));
        let status = client(&bench).create_withdrawal(request).await.unwrap_err();
        let violations =
            status.get_details_bad_request().map(|found| found.field_violations).unwrap_or_default();
        let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!((status.code(), fields.as_slice()), (Code::InvalidArgument, &[field][..]));
    }
    let elsewhere = order(&bench, account, 5, "hedera:mainnet/hbar");
    let status = client(&bench).create_withdrawal(bench.as_user(elsewhere, "theo", "net")).await.unwrap_err();
    assert_eq!(reason(&status), "NETWORK_MISMATCH");
    let unknown = order(&bench, account, 5, "hedera:sandbox/token:0.0.987654");
    let status = client(&bench).create_withdrawal(bench.as_user(unknown, "theo", "token")).await.unwrap_err();
    assert_eq!(reason(&status), "ASSET_NOT_FOUND");
    assert!(bench.control.effects(&bench.token).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_that_halts_goes_on_when_it_is_retried_and_is_paid_once() {
    let bench = Bench::start().await;
    let account = destination(&bench).await;
    let token = format!("/v1/tokens/{}", bench.token);
    bench.control.patch(&token, json!({ "paused": true })).await;
    let withdrawal = withdraw(&bench, account, 7, "held-up").await.unwrap();
    let run = run_of(&withdrawal);
    let halted = bench.wait(&run, "halt", |run| run.state() == pb::RunState::Halted).await;
    assert_eq!(halted.halt.unwrap().reason, "TOKEN_IS_PAUSED");
    bench.control.patch(&token, json!({ "paused": false })).await;
    assert_eq!(bench.retry(&run).await.unwrap(), 0, "nothing of it has failed for good");
    assert_eq!(bench.wait_end(&run).await.state(), pb::RunState::Completed);
    assert_eq!(read(&bench, &withdrawal.id).await.payout.unwrap().status(), pb::PayoutStatus::Paid);
    bench.assert_exactly_once(&run).await;
    let [alert] = alerts(&bench, &run, true).await.try_into().unwrap();
    assert!(alert.end_time.is_some() && !alert.ended_by_itself, "{alert:?}");
    assert_eq!(alert.distribution_id, "");
}
