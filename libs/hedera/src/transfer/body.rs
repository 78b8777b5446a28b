//! The signed part of a transfer, as HAPI lays it out.

use prost::Message;

use super::plan::{Asset, TransferPlan};
use crate::hapi;
use crate::hapi::transaction_body::Data;
use crate::ids::AccountId;

/// The body of the copy for `node`. `debit` is the sum of all amounts, as `TransferPlan::check` found it.
pub(super) fn encode(plan: &TransferPlan<'_>, node: AccountId, debit: i64) -> Vec<u8> {
    let changes = changes(plan, debit);
    let transfer = match plan.asset {
        Asset::Hbar => hapi::CryptoTransferTransactionBody {
            transfers: Some(hapi::TransferList { account_amounts: changes }),
            token_transfers: Vec::new(),
        },
        Asset::Token { id, decimals } => hapi::CryptoTransferTransactionBody {
            // An empty list rather than none, as the official SDKs write it.
            transfers: Some(hapi::TransferList::default()),
            token_transfers: vec![hapi::TokenTransferList {
                token: Some(id.into()),
                transfers: changes,
                expected_decimals: Some(decimals),
            }],
        },
    };
    hapi::TransactionBody {
        transaction_id: Some(plan.transaction_id().into()),
        node_account_id: Some(node.into()),
        transaction_fee: plan.max_fee_tinybars,
        transaction_valid_duration: Some(hapi::Duration { seconds: i64::from(plan.valid_duration_s) }),
        memo: plan.memo.to_owned(),
        data: Some(Data::CryptoTransfer(transfer)),
        ..Default::default()
    }
    .encode_to_vec()
}

/// The sender's debit, then the recipients in the plan's order. They sum to zero.
fn changes(plan: &TransferPlan<'_>, debit: i64) -> Vec<hapi::AccountAmount> {
    let credits = plan.recipients.iter().map(|(account, units)| change(*account, units.cast_signed()));
    std::iter::once(change(plan.sender, -debit)).chain(credits).collect()
}

fn change(account: AccountId, amount: i64) -> hapi::AccountAmount {
    hapi::AccountAmount { account_id: Some(account.into()), amount, is_approval: false }
}
