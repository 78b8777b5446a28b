//! Who holds a token: `/api/v1/tokens/{id}/balances`, page by page.
//!
//! Without a time the list is live, and a page read later is of a later moment. With a time each page is of the last stored
//! balances at or before it (mirror nodes store them every 15 minutes), and says of which. Pages may come from replicas
//! that stored different ones: compare the pages' times before taking them for one state.

use serde::Deserialize;

use super::{Mirror, MirrorError};
use crate::ids::{AccountId, TokenId};
use crate::time::{format_ns, parse_ns};

/// The largest page a mirror node gives.
pub const PAGE_MAX: u16 = 100;

/// A part of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancePage {
    /// The moment the balances are of, in nanoseconds since the Unix epoch. `None` when the mirror node has none stored.
    pub timestamp_ns: Option<i64>,
    /// Accounts in ascending order with what they hold, in the smallest unit. Zero balances and the treasury are included.
    pub rows: Vec<(AccountId, u64)>,
}

/// Reads the list page by page. Ends after an error.
#[derive(Debug)]
pub struct BalancePages<'a> {
    mirror: &'a Mirror,
    next: Option<String>,
    last: Option<AccountId>,
    pages: u32,
}

#[derive(Deserialize)]
struct Answer {
    timestamp: Option<String>,
    balances: Vec<Row>,
    links: Links,
}

#[derive(Deserialize)]
struct Row {
    account: AccountId,
    balance: u64,
}

/// Where a list goes on: a path relative to the mirror node, or nothing at its end.
#[derive(Default, Deserialize)]
pub(super) struct Links {
    pub(super) next: Option<String>,
}

impl Mirror {
    /// The holders of `token`: now, or as stored last at or before `at_ns`. `page_size` is held to 1..=[`PAGE_MAX`].
    pub fn balances(&self, token: TokenId, at_ns: Option<i64>, page_size: u16) -> BalancePages<'_> {
        let limit = page_size.clamp(1, PAGE_MAX);
        let at = at_ns.map_or_else(String::new, |ns| format!("&timestamp=lte:{}", format_ns(ns)));
        let first = format!("/api/v1/tokens/{token}/balances?order=asc&limit={limit}{at}");
        BalancePages { mirror: self, next: Some(first), last: None, pages: 0 }
    }
}

impl BalancePages<'_> {
    /// The next page, or `None` after the last. The first page is always given, even when empty.
    pub async fn next(&mut self) -> Result<Option<BalancePage>, MirrorError> {
        let Some(path) = self.next.take() else { return Ok(None) };
        let pages_max = self.mirror.http.config().pages_max;
        if self.pages >= pages_max {
            return Err(MirrorError::Endless { path, pages: self.pages });
        }
        self.pages += 1;
        let answer: Answer = self.mirror.http.get(&path).await?;
        self.advance(&path, answer).map(Some).map_err(|cause| MirrorError::malformed(&path, cause))
    }

    /// Checks that the list moves on, so that a link to itself cannot hold us or count a holder twice.
    fn advance(&mut self, path: &str, answer: Answer) -> Result<BalancePage, String> {
        for row in &answer.balances {
            if self.last.is_some_and(|last| row.account <= last) {
                return Err(format!("account {} comes again or out of order", row.account));
            }
            self.last = Some(row.account);
        }
        if let Some(next) = &answer.links.next {
            let list = path.split('?').next().unwrap_or(path);
            if answer.balances.is_empty()
                || !next.strip_prefix(list).is_some_and(|rest| rest.starts_with('?'))
            {
                return Err(format!("the next page is {next:?}"));
            }
        }
        let timestamp_ns =
            answer.timestamp.as_deref().map(parse_ns).transpose().map_err(|error| error.to_string())?;
        self.next = answer.links.next;
        let rows = answer.balances.into_iter().map(|row| (row.account, row.balance)).collect();
        Ok(BalancePage { timestamp_ns, rows })
    }
}
