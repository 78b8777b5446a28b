//! What reached consensus: records in consensus order, found by id and by account.

use std::collections::HashMap;

use super::ids::{Timestamp, TransactionHash, TransactionId};
use super::status::{Status, is_nodes_fault};

/// How long an id is remembered for duplicate detection and receipts, in seconds.
pub const CACHE_SECONDS: u64 = 180;

/// A change of one balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Which token; `None` is HBAR.
    pub token: Option<u64>,
    /// Whose balance.
    pub account: u64,
    /// By how much.
    pub units: i64,
}

/// A custom fee that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssessedFee {
    /// In which token; `None` is HBAR.
    pub token: Option<u64>,
    /// How much.
    pub units: u64,
    /// To whom.
    pub collector: u64,
    /// From whom.
    pub payer: u64,
}

/// A transaction at consensus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The id; several records can share it.
    pub id: TransactionId,
    /// What came of it.
    pub status: Status,
    /// When; unique.
    pub consensus: Timestamp,
    /// The node it was addressed to.
    pub node: u64,
    /// SHA-384 of the signed bytes.
    pub hash: TransactionHash,
    /// The payer's note.
    pub memo: String,
    /// Charged, in tinybars.
    pub fee: u64,
    /// The payer's limit for it.
    pub max_fee: u64,
    /// Length of its validity window.
    pub valid_seconds: i64,
    /// What moved, without the fee; empty unless it succeeded.
    pub legs: Vec<Leg>,
    /// Custom fees, which the legs include.
    pub assessed: Vec<AssessedFee>,
}

/// All records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    records: Vec<Record>,
    by_id: HashMap<TransactionId, Vec<usize>>,
    by_account: HashMap<u64, Vec<usize>>,
}

impl History {
    /// Appends a record, whose consensus time is later than all before.
    pub fn push(&mut self, record: Record) {
        let index = self.records.len();
        self.by_id.entry(record.id).or_default().push(index);
        let accounts = record.legs.iter().map(|leg| leg.account);
        for account in accounts.chain([record.id.payer]) {
            let indices = self.by_account.entry(account).or_default();
            if indices.last() != Some(&index) {
                indices.push(index);
            }
        }
        self.records.push(record);
    }

    /// All records in consensus order.
    pub fn all(&self) -> &[Record] {
        &self.records
    }

    /// All records of an id in consensus order.
    pub fn of_id(&self, id: &TransactionId) -> impl Iterator<Item = &Record> {
        self.by_id.get(id).into_iter().flatten().map(|index| &self.records[*index])
    }

    /// The record at a position, in consensus order, of an account's records or of all.
    pub fn nth(&self, account: Option<u64>, position: usize) -> Option<&Record> {
        match account {
            Some(account) => self.records.get(*self.by_account.get(&account)?.get(position)?),
            None => self.records.get(position),
        }
    }

    /// How many records of an account (or of all) reached consensus before `moment`.
    pub fn count_before(&self, account: Option<u64>, moment: Timestamp) -> usize {
        match account {
            Some(account) => self.by_account.get(&account).map_or(0, |indices| {
                indices.partition_point(|index| self.records[*index].consensus < moment)
            }),
            None => self.records.partition_point(|record| record.consensus < moment),
        }
    }

    /// The record an id is a duplicate of at `now`: the latest within the cache whose node was not at fault.
    pub fn original(&self, id: &TransactionId, now: Timestamp) -> Option<&Record> {
        self.of_id(id).find(|record| is_remembered(record, now) && !is_nodes_fault(record.status))
    }

    /// The records that answer a receipt query at `now`: first the one that counts, then the other copies.
    pub fn receipts(&self, id: &TransactionId, now: Timestamp) -> Vec<&Record> {
        let mut receipts: Vec<_> = self.of_id(id).filter(|record| is_remembered(record, now)).collect();
        receipts.sort_by_key(|record| is_nodes_fault(record.status));
        receipts
    }
}

fn is_remembered(record: &Record, now: Timestamp) -> bool {
    now <= record.consensus.plus_seconds(CACHE_SECONDS)
}
