//! Receipts: what a node says became of an id.

use crate::hapi;
use crate::hapi::{query::Query, response::Response};
use crate::ids::{AccountId, TransactionId};
use crate::status::{self, Receipt, Status};

/// A query that brought no answer. It says nothing about the transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer from node {node}: {cause}")]
pub struct QueryFailed {
    /// The node that was asked.
    pub node: AccountId,
    /// What went wrong, for the record.
    pub cause: String,
}

/// A node's answer about an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptAnswer {
    /// Whether the node could answer; [`Status::RECEIPT_NOT_FOUND`] when it knows no such id, or forgot it after 180 seconds.
    pub header: Status,
    /// The status of the first transaction with the id that reached consensus, leaving out copies that failed with
    /// `INVALID_NODE_ACCOUNT` or `INVALID_PAYER_SIGNATURE`. `None` when the node gave none.
    pub receipt: Option<Status>,
    /// The statuses of the other transactions with the id that reached consensus.
    pub duplicates: Vec<Status>,
}

impl ReceiptAnswer {
    /// What the answer means for the id. A success anywhere is a success; an answer the node could not give is "not yet".
    pub fn outcome(&self) -> Receipt {
        if self.header != Status::OK {
            return Receipt::NotYet;
        }
        let Some(receipt) = self.receipt else { return Receipt::NotYet };
        let mut all = std::iter::once(&receipt).chain(&self.duplicates);
        if all.any(|heard| *heard == Status::SUCCESS) { Receipt::Success } else { status::receipt(receipt) }
    }
}

pub(super) fn query(id: TransactionId) -> hapi::Query {
    hapi::Query {
        query: Some(Query::TransactionGetReceipt(hapi::TransactionGetReceiptQuery {
            header: Some(hapi::QueryHeader {
                payment: None,
                response_type: hapi::ResponseType::AnswerOnly as i32,
            }),
            transaction_id: Some(id.into()),
            include_duplicates: true,
            include_child_receipts: false,
        })),
    }
}

pub(super) fn read(response: hapi::Response) -> Option<ReceiptAnswer> {
    let Some(Response::TransactionGetReceipt(answer)) = response.response else { return None };
    let duplicates = answer.duplicate_transaction_receipts;
    Some(ReceiptAnswer {
        header: Status(answer.header?.node_transaction_precheck_code),
        receipt: answer.receipt.map(|receipt| Status(receipt.status)),
        duplicates: duplicates.into_iter().map(|receipt| Status(receipt.status)).collect(),
    })
}
