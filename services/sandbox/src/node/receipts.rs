//! Queries: receipts and balances. Both are free.

use super::{ConsensusNode, decode, lose};
use crate::faults::OnReceipt;
use crate::hapi::crypto_get_account_balance_query::BalanceSource;
use crate::hapi::query::Query as Asked;
use crate::hapi::response::Response as Given;
use crate::hapi::{
    CryptoGetAccountBalanceResponse, ExchangeRate, ExchangeRateSet, Query, Response as Answer,
    ResponseHeader, ResponseType, TimestampSeconds, TransactionGetReceiptQuery,
    TransactionGetReceiptResponse, TransactionReceipt,
};
use crate::ledger::fees::CENTS_PER_HBAR;
use crate::ledger::history::Record;
use crate::ledger::ids::Timestamp;
use crate::ledger::status::Status;
use crate::ledger::submit::Knowledge;
use crate::world;

impl ConsensusNode {
    pub(super) async fn receipt(&self, query: Query) -> Result<Answer, tonic::Status> {
        let Some(Asked::TransactionGetReceipt(query)) = query.query else {
            return Ok(receipt_answer(Status::NotSupported, None, Vec::new()));
        };
        let found = match decode::transaction_id(query.transaction_id.clone()) {
            Err(_) => Found::Refused(Status::InvalidTransactionId),
            Ok(id) => {
                let ledger = self.world.read();
                match ledger.knowledge(world::now(), self.account, &id) {
                    Knowledge::Records(records) => Found::records(&records),
                    Knowledge::InFlight => Found::UnderWay,
                    Knowledge::None => Found::Refused(Status::ReceiptNotFound),
                }
            }
        };
        match self.faults.on_receipt(self.account, found.memo()) {
            Some(OnReceipt::Lose(loss)) => Err(lose(loss).await),
            Some(OnReceipt::Unknown(within)) if found.is_within(within) => Ok(Found::UnderWay.answer(&query)),
            Some(OnReceipt::Unknown(_)) | None => Ok(found.answer(&query)),
        }
    }

    pub(super) fn balance(&self, query: Query) -> Answer {
        let Some(Asked::CryptogetAccountBalance(query)) = query.query else {
            return balance_answer(Status::NotSupported, 0, None);
        };
        let Some(BalanceSource::AccountId(account_id)) = query.balance_source else {
            return balance_answer(Status::InvalidAccountId, 0, None);
        };
        let ledger = self.world.read();
        let number =
            decode::account(Some(account_id.clone())).ok().and_then(|account| ledger.resolve(account));
        match number.and_then(|number| ledger.account(number)) {
            Some(account) => balance_answer(Status::Ok, account.balance.now(), Some(account_id)),
            None => balance_answer(Status::InvalidAccountId, 0, Some(account_id)),
        }
    }
}

/// What a receipt query finds.
enum Found {
    /// The status that counts, with its memo and time; then those of the other copies.
    Receipts {
        status: Status,
        memo: String,
        consensus: Timestamp,
        others: Vec<Status>,
    },
    UnderWay,
    Refused(Status),
}

impl Found {
    fn records(records: &[&Record]) -> Self {
        let Some((first, others)) = records.split_first() else {
            return Self::Refused(Status::ReceiptNotFound);
        };
        Self::Receipts {
            status: first.status,
            memo: first.memo.clone(),
            consensus: first.consensus,
            others: others.iter().map(|record| record.status).collect(),
        }
    }

    fn memo(&self) -> Option<&str> {
        match self {
            Self::Receipts { memo, .. } => Some(memo),
            Self::UnderWay | Self::Refused(_) => None,
        }
    }

    fn is_within(&self, millis: Option<u64>) -> bool {
        match (self, millis) {
            (Self::Receipts { consensus, .. }, Some(millis)) => {
                world::now().minus_millis(millis) < *consensus
            }
            (Self::Receipts { .. } | Self::UnderWay | Self::Refused(_), _) => millis.is_none(),
        }
    }

    fn answer(&self, query: &TransactionGetReceiptQuery) -> Answer {
        match self {
            Self::Receipts { status, others, .. } => {
                let others = if query.include_duplicates {
                    others.iter().copied().map(receipt).collect()
                } else {
                    Vec::new()
                };
                receipt_answer(Status::Ok, Some(receipt(*status)), others)
            }
            Self::UnderWay => receipt_answer(Status::Ok, Some(receipt(Status::Unknown)), Vec::new()),
            Self::Refused(status) => receipt_answer(*status, None, Vec::new()),
        }
    }
}

fn receipt(status: Status) -> TransactionReceipt {
    let rate = ExchangeRate {
        hbar_equiv: 1,
        cent_equiv: i32::try_from(CENTS_PER_HBAR).unwrap_or(i32::MAX),
        expiration_time: Some(TimestampSeconds { seconds: i64::from(u32::MAX) }),
    };
    let exchange_rate = ExchangeRateSet { current_rate: Some(rate), next_rate: Some(rate) };
    TransactionReceipt { status: status.into(), account_id: None, exchange_rate: Some(exchange_rate) }
}

fn header(status: Status) -> ResponseHeader {
    ResponseHeader {
        node_transaction_precheck_code: status.into(),
        response_type: ResponseType::AnswerOnly.into(),
        cost: 0,
        state_proof: Vec::new(),
    }
}

fn receipt_answer(
    status: Status,
    receipt: Option<TransactionReceipt>,
    duplicates: Vec<TransactionReceipt>,
) -> Answer {
    let given = TransactionGetReceiptResponse {
        header: Some(header(status)),
        receipt,
        duplicate_transaction_receipts: duplicates,
        child_transaction_receipts: Vec::new(),
    };
    Answer { response: Some(Given::TransactionGetReceipt(given)) }
}

#[expect(deprecated, reason = "the message still has the field that nodes no longer fill")]
fn balance_answer(status: Status, balance: u64, account_id: Option<crate::hapi::AccountId>) -> Answer {
    let given = CryptoGetAccountBalanceResponse {
        header: Some(header(status)),
        account_id,
        balance,
        token_balances: Vec::new(),
    };
    Answer { response: Some(Given::CryptogetAccountBalance(given)) }
}
