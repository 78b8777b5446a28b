//! The decision, page by page.

use crate::ids::TransactionId;
use crate::mirror::TransactionRecord;
use crate::status::{self, Receipt};

/// When an id could have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The id in question; its start of validity is the window's beginning.
    pub id: TransactionId,
    /// The end of its validity, in nanoseconds since the Unix epoch.
    pub expiry_ns: i64,
    /// How much later than the expiry the anchor must be, in nanoseconds.
    pub margin_ns: i64,
}

/// What is known about an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It had no outcome, and never will: no copy reached consensus, or only such as leave the id open.
    Proven {
        /// The consensus time of the anchor: the evidence is current up to there.
        newest_consensus_ns: i64,
        /// How many pages it took.
        pages: u32,
    },
    /// It had one: these are the records seen, newest first. There may be more; read them by id.
    Found(Vec<TransactionRecord>),
    /// The mirror node does not show yet that it is past the window. Nothing is known.
    NotCurrent,
}

/// Whether to ask for another page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask again, from [`Walk::cursor_ns`].
    Continue,
    /// The answer.
    Done(Absence),
}

/// A walk down the payer's transactions.
#[derive(Clone, Debug)]
pub struct Walk {
    window: Window,
    anchor_ns: i64,
    cursor_ns: i64,
    pages: u32,
    found: Vec<TransactionRecord>,
}

impl Window {
    /// An answer is current when it shows a transaction later than this.
    pub fn current_from_ns(&self) -> i64 {
        self.expiry_ns.saturating_add(self.margin_ns.max(0))
    }
}

impl Walk {
    /// Starts at a transaction of the payer's. One at or before expiry + margin is no anchor: the walk will say so.
    pub fn new(window: Window, anchor_ns: i64) -> Self {
        Self { window, anchor_ns, cursor_ns: anchor_ns, pages: 0, found: Vec::new() }
    }

    /// The last transaction seen. The next page is asked for with `timestamp=lte:` this, newest first.
    pub fn cursor_ns(&self) -> i64 {
        self.cursor_ns
    }

    /// How many pages were read.
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// Takes in a page of at most `limit` transactions from the start of validity up to the cursor, newest first; `more` is
    /// whether the mirror node says that the list goes on. An error means that it is no answer to what was asked.
    pub fn page(
        &mut self,
        rows: Vec<TransactionRecord>,
        limit: usize,
        more: bool,
    ) -> Result<Step, &'static str> {
        self.pages = self.pages.saturating_add(1);
        check_order(&rows, self.cursor_ns, limit)?;
        let current = self.anchor_ns > self.window.current_from_ns();
        if !current || rows.first().is_none_or(|row| row.consensus_ns != self.cursor_ns) {
            // This replica does not show the transaction we came from: it lags, and what it omits proves nothing.
            return Ok(Step::Done(self.settle(Absence::NotCurrent)));
        }
        let ended = rows.len() < limit && !more;
        let last_ns = rows.last().map_or(self.cursor_ns, |row| row.consensus_ns);
        let below = last_ns < self.window.id.valid_start_ns();
        if !ended && !below && last_ns == self.cursor_ns {
            return Err("the list does not move on");
        }
        // The first row of every later page was the last of the one before.
        let seen = usize::from(self.pages > 1);
        let id = self.window.id;
        self.found
            .extend(rows.into_iter().skip(seen).filter(|row| row.transaction_id == id && is_outcome(row)));
        self.cursor_ns = last_ns;
        if !ended && !below {
            return Ok(Step::Continue);
        }
        let proven = Absence::Proven { newest_consensus_ns: self.anchor_ns, pages: self.pages };
        Ok(Step::Done(self.settle(proven)))
    }

    fn settle(&mut self, otherwise: Absence) -> Absence {
        if self.found.is_empty() { otherwise } else { Absence::Found(std::mem::take(&mut self.found)) }
    }
}

/// Whether a row decides its id. A copy that failed in a way that leaves the id open does not: when nothing else is there
/// by the end of the window, nothing ever will be.
fn is_outcome(row: &TransactionRecord) -> bool {
    row.status().is_none_or(|status| status::receipt(status) != Receipt::KeepUntilExpiry)
}

fn check_order(rows: &[TransactionRecord], cursor_ns: i64, limit: usize) -> Result<(), &'static str> {
    if rows.len() > limit {
        return Err("more transactions than were asked for");
    }
    if rows.first().is_some_and(|row| row.consensus_ns > cursor_ns) {
        return Err("a transaction after the time asked for");
    }
    if rows.windows(2).any(|pair| pair[0].consensus_ns <= pair[1].consensus_ns) {
        return Err("transactions out of order");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
