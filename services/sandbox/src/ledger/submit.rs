//! Between precheck and consensus: a node remembers what it has passed on.

use super::Ledger;
use super::history::Record;
use super::ids::{Timestamp, TransactionId};

/// What a node knows of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Knowledge<'a> {
    /// It reached consensus within the last 180 s: the copy that counts, then the others.
    Records(Vec<&'a Record>),
    /// This node passed it on; it has not reached consensus.
    InFlight,
    /// Nothing.
    None,
}

impl Ledger {
    /// Remembers that `node` has passed an id on.
    pub fn depart(&mut self, node: u64, id: TransactionId) {
        self.in_flight.insert((node, id));
    }

    /// Whether `node` has passed the id on and it has not reached consensus.
    pub fn is_in_flight(&self, node: u64, id: &TransactionId) -> bool {
        self.in_flight.contains(&(node, *id))
    }

    /// What `node` answers a receipt query with at `now`.
    pub fn knowledge(&self, now: Timestamp, node: u64, id: &TransactionId) -> Knowledge<'_> {
        let records = self.history.receipts(id, now);
        if !records.is_empty() {
            return Knowledge::Records(records);
        }
        if self.is_in_flight(node, id) { Knowledge::InFlight } else { Knowledge::None }
    }

    /// Whether the id was ever heard of by anyone.
    pub fn has_heard_of(&self, id: &TransactionId) -> bool {
        self.history.of_id(id).next().is_some() || self.nodes.iter().any(|node| self.is_in_flight(*node, id))
    }
}
