//! What became of a transaction: `/api/v1/transactions`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};

use super::balances::Links;
use super::{Mirror, MirrorError, PAGE_MAX};
use crate::ids::{AccountId, TokenId, TransactionId};
use crate::status::Status;
use crate::time::{NS_PER_S, format_ns, parse_ns};

/// The longest stretch of time asked for at once: mirror nodes refuse more than 60 days.
const RANGE_NS: i64 = 59 * 24 * 3600 * NS_PER_S;

/// One record of a transaction id. An id can have several: copies that failed, children, a scheduled execution.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TransactionRecord {
    /// The id.
    pub transaction_id: TransactionId,
    /// HAPI's name of the outcome, like `SUCCESS` or `DUPLICATE_TRANSACTION`.
    pub result: String,
    /// When the network decided it, in nanoseconds since the Unix epoch; unique on the ledger.
    #[serde(rename = "consensus_timestamp", deserialize_with = "time")]
    pub consensus_ns: i64,
    /// Not zero for a child that the network made.
    #[serde(default)]
    pub nonce: i32,
    /// Whether a schedule executed it.
    #[serde(default)]
    pub scheduled: bool,
    /// SHA-384 of the signed transaction, as in [`SignedCopy::hash`](crate::transfer::SignedCopy::hash).
    #[serde(rename = "transaction_hash", deserialize_with = "base64_bytes")]
    pub hash: Vec<u8>,
    /// The node that took it.
    #[serde(default)]
    pub node: Option<AccountId>,
    /// What the payer was charged, in tinybars.
    #[serde(default)]
    pub charged_tx_fee: u64,
    /// HBAR moved, fees included, in tinybars.
    #[serde(default)]
    pub transfers: Vec<Transfer>,
    /// Tokens moved, in each token's smallest unit.
    #[serde(default)]
    pub token_transfers: Vec<Transfer>,
    /// What its payer wrote beside it; empty where that is no text.
    #[serde(rename = "memo_base64", default, deserialize_with = "base64_text")]
    pub memo: String,
}

/// What one account gained (positive) or gave (negative).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Transfer {
    /// Whose balance changed.
    pub account: AccountId,
    /// By how much.
    pub amount: i64,
    /// Of which token; `None` is HBAR.
    #[serde(default)]
    pub token_id: Option<TokenId>,
}

impl TransactionRecord {
    /// The outcome as a status, when its name is one we know.
    pub fn status(&self) -> Option<Status> {
        Status::from_name(&self.result)
    }

    /// Whether it is the transaction itself, not a child or a scheduled execution under its id.
    pub fn is_top_level(&self) -> bool {
        self.nonce == 0 && !self.scheduled
    }
}

#[derive(Deserialize)]
pub(super) struct Transactions {
    pub(super) transactions: Vec<TransactionRecord>,
    #[serde(default)]
    pub(super) links: Links,
}

impl Mirror {
    /// Transactions of `account` later than `after_ns`, in the order of their consensus, at most [`PAGE_MAX`] of them.
    ///
    /// A mirror node takes the ledger in consensus order, so whichever replica answers: up to the last one shown, these are
    /// all there are. An empty answer says nothing, and neither does it that there are no more. Both ends of the list are
    /// stated (see [`super::absence`]), and mirror nodes show 60 days at most: where a stretch of 59 days is shown empty, the next
    /// ones are asked for, up to `now_ns`. That it is empty may be said by a replica that is behind. So where a later one shows a
    /// transaction, the 59 days that end with this are asked for: an answer that shows it has all before it. Only a
    /// replica that is 59 days behind could still hide something, by what it says of the time before those.
    pub async fn transactions_after(
        &self,
        account: AccountId,
        after_ns: i64,
        now_ns: i64,
    ) -> Result<Vec<TransactionRecord>, MirrorError> {
        let mut from_ns = after_ns;
        loop {
            let to_ns = from_ns.saturating_add(RANGE_NS);
            let page = self.transactions_between(account, from_ns, to_ns).await?;
            match page.first() {
                Some(first) if from_ns > after_ns => {
                    let end_ns = first.consensus_ns;
                    return self.transactions_between(account, end_ns.saturating_sub(RANGE_NS), end_ns).await;
                }
                None if to_ns < now_ns => from_ns = to_ns,
                Some(_) | None => return Ok(page),
            }
        }
    }

    async fn transactions_between(
        &self,
        account: AccountId,
        after_ns: i64,
        to_ns: i64,
    ) -> Result<Vec<TransactionRecord>, MirrorError> {
        let times = format!("timestamp=gt:{}&timestamp=lte:{}", format_ns(after_ns), format_ns(to_ns));
        let path = format!("/api/v1/transactions?account.id={account}&{times}&order=asc&limit={PAGE_MAX}");
        let answer: Transactions = self.http.get(&path).await?;
        let mut last_ns = after_ns;
        for record in &answer.transactions {
            if record.consensus_ns <= last_ns {
                return Err(MirrorError::malformed(&path, "transactions out of order"));
            }
            last_ns = record.consensus_ns;
        }
        Ok(answer.transactions)
    }

    /// All records of an id that this mirror node has. None proves nothing: it may lag. See [`super::absence`].
    pub async fn transaction(&self, id: &TransactionId) -> Result<Vec<TransactionRecord>, MirrorError> {
        let path = format!("/api/v1/transactions/{}", id.mirror_text());
        let Some(answer) = self.http.find::<Transactions>(&path).await? else { return Ok(Vec::new()) };
        match answer.transactions.iter().find(|record| record.transaction_id != *id) {
            Some(other) => {
                Err(MirrorError::malformed(&path, format!("it is about {}", other.transaction_id)))
            }
            None => Ok(answer.transactions),
        }
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_ns(&text).map_err(serde::de::Error::custom)
}

fn base64_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}
