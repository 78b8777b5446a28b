//! Proof that a transaction id never reached consensus.
//!
//! "Not found" proves nothing: the mirror node may lag, and two requests may reach two replicas. What proves absence is a list
//! that shows by itself that it is current. Mirror nodes take the ledger in consensus order, so a replica that shows a
//! transaction has everything before it.
//!
//! The walk: find any transaction of the payer's later than expiry + margin, the *anchor*. Then read the payer's transactions
//! downwards from the anchor, each page asked for with `timestamp=lte:` the last one seen, which it must show again as its
//! first: so every page proves for itself that its replica holds the ledger up to there, whichever replica answered. When the list
//! down to the start of validity ends, everything in between was seen. [`Walk`] decides, without IO.
//!
//! Both ends of the list are always stated: with one end, mirror nodes quietly look at 60 days only, and a list cut short by
//! that would pass for a complete one. (Where the anchor is more than 60 days later they refuse, and nothing is proven.)

mod walk;

pub use walk::{Absence, Step, Walk, Window};

use super::transaction::{TransactionRecord, Transactions};
use super::{Mirror, MirrorError, PAGE_MAX};
use crate::ids::TransactionId;
use crate::time::format_ns;

impl Mirror {
    /// Looks for proof that no transaction with the id of `window` reached consensus. On [`Absence::NotCurrent`] send a
    /// small transaction of the payer's and ask again later.
    pub async fn absence(&self, window: Window) -> Result<Absence, MirrorError> {
        let Some(anchor_ns) = self.anchor(&window).await? else { return Ok(Absence::NotCurrent) };
        let mut walk = Walk::new(window, anchor_ns);
        let pages_max = self.http.config().pages_max;
        loop {
            let path = page_path(&window.id, walk.cursor_ns());
            if walk.pages() >= pages_max {
                return Err(MirrorError::Endless { path, pages: pages_max });
            }
            let answer: Transactions = self.http.get(&path).await?;
            match walk.page(answer.transactions, usize::from(PAGE_MAX), answer.links.next.is_some()) {
                Ok(Step::Continue) => {}
                Ok(Step::Done(absence)) => return Ok(absence),
                Err(cause) => return Err(MirrorError::malformed(&path, cause)),
            }
        }
    }

    /// The consensus time of the payer's first transaction after expiry + margin that some replica shows. It proves nothing
    /// yet: the walk's first page must show it again.
    async fn anchor(&self, window: &Window) -> Result<Option<i64>, MirrorError> {
        let (payer, current) = (window.id.payer(), format_ns(window.current_from_ns()));
        let path =
            format!("/api/v1/transactions?account.id={payer}&timestamp=gt:{current}&order=asc&limit=1");
        let answer: Transactions = self.http.get(&path).await?;
        let Some(TransactionRecord { consensus_ns, .. }) = answer.transactions.first() else {
            return Ok(None);
        };
        if *consensus_ns <= window.current_from_ns() {
            return Err(MirrorError::malformed(&path, "a transaction before the time asked for"));
        }
        Ok(Some(*consensus_ns))
    }
}

fn page_path(id: &TransactionId, cursor_ns: i64) -> String {
    let (from, to) = (format_ns(id.valid_start_ns()), format_ns(cursor_ns));
    let times = format!("timestamp=gte:{from}&timestamp=lte:{to}");
    format!("/api/v1/transactions?account.id={}&{times}&order=desc&limit={PAGE_MAX}", id.payer())
}
