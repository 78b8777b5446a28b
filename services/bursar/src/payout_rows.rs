//! What a distribution's payees were owed and got, row by row: entitlements and payouts joined by ordinal, in bounded
//! memory.

use std::collections::VecDeque;

use proto::distribution::v1::{Entitlement, HolderTreatment, ListEntitlementsRequest};
use proto::execution::v1::{Payout, StreamPayoutsRequest};
use proto::r#type::v1::recipient;
use serde::Serialize;

use crate::edge::Edge;
use crate::error::CommandError;
use crate::output::cells::cell;
use crate::{names, time};

const PAGE_SIZE: i32 = 1000;

/// One payee's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayoutRow {
    /// Position in the run, from 0.
    pub ordinal: u32,
    /// The EVM address as of the snapshot.
    pub address: String,
    /// The account paid.
    pub account: String,
    /// Balance in smallest units of the asset.
    pub balance: String,
    /// What was to be paid, in smallest units.
    pub units: String,
    /// Where it stands ("PAID").
    pub status: String,
    /// Why it failed or is in doubt; empty otherwise.
    pub reason: String,
    /// The rail's transaction id of the latest attempt.
    pub transaction_id: String,
    /// When the rail paid it, else when its status last changed.
    pub time: String,
    /// The payout that replaces it ("pay_…"); empty unless it is superseded.
    pub superseded_by: String,
    /// The payout that it replaces ("pay_…"); empty when it replaces none.
    pub supersedes: String,
}

impl PayoutRow {
    /// How many of the columns are about the payment itself; those after them say what replaces what.
    pub const OF_THE_PAYMENT: usize = 9;
    /// The columns of the CSV file.
    pub const COLUMNS: [&str; 11] = [
        "ordinal",
        "address",
        "account",
        "balance",
        "units",
        "status",
        "reason",
        "transaction_id",
        "time",
        "superseded_by",
        "supersedes",
    ];

    /// The row's cells, in the order of the columns.
    pub fn cells(&self) -> [String; 11] {
        [
            self.ordinal.to_string(),
            cell(&self.address),
            cell(&self.account),
            cell(&self.balance),
            cell(&self.units),
            cell(&self.status),
            cell(&self.reason),
            cell(&self.transaction_id),
            cell(&self.time),
            cell(&self.superseded_by),
            cell(&self.supersedes),
        ]
    }

    fn new(payout: &Payout, owed: Option<Entitlement>) -> PayoutRow {
        let account = payout.recipient.as_ref().and_then(|recipient| recipient.kind.as_ref());
        let account = account.map(|kind| match kind {
            recipient::Kind::HederaAccount(account) => account.clone(),
        });
        let (address, balance) = owed.map(|owed| (owed.evm_address, owed.balance)).unwrap_or_default();
        let paid_at = time::show_ns(payout.consensus_ns);
        PayoutRow {
            ordinal: payout.ordinal,
            address,
            account: account.unwrap_or_default(),
            balance,
            units: payout.amount.as_ref().map(|amount| amount.units.clone()).unwrap_or_default(),
            status: names::short(Some(payout.status().as_str_name()), "PAYOUT_STATUS_"),
            reason: payout.failure.as_ref().map(|failure| failure.reason.clone()).unwrap_or_default(),
            transaction_id: payout.transaction_id.clone(),
            superseded_by: payout.superseded_by.clone(),
            supersedes: payout.supersedes.clone(),
            time: if paid_at.is_empty() { time::show(payout.update_time.as_ref()) } else { paid_at },
        }
    }
}

/// Calls `row` with each payout of the run by ordinal, and says how many there were.
pub async fn each(
    edge: &Edge,
    distribution_id: &str,
    run_id: &str,
    mut row: impl FnMut(PayoutRow) -> Result<(), CommandError>,
) -> Result<u64, CommandError> {
    let mut owed = Owed::new(edge, distribution_id);
    let request = StreamPayoutsRequest { run_id: run_id.to_owned() };
    let mut payouts = edge.execution().stream_payouts(request).await?.into_inner();
    let mut rows = 0;
    while let Some(chunk) = payouts.message().await? {
        for payout in chunk.payouts {
            let entitlement = owed.of(payout.ordinal).await?;
            row(PayoutRow::new(&payout, entitlement))?;
            rows += 1;
        }
    }
    Ok(rows)
}

/// Payees' entitlements by ordinal, a page at a time.
struct Owed<'a> {
    edge: &'a Edge,
    distribution_id: &'a str,
    page: VecDeque<Entitlement>,
    /// Of the next page; `None` after the last.
    next: Option<String>,
}

impl<'a> Owed<'a> {
    fn new(edge: &'a Edge, distribution_id: &'a str) -> Owed<'a> {
        Owed { edge, distribution_id, page: VecDeque::new(), next: Some(String::new()) }
    }

    /// The entitlement at `ordinal`; asked for in ascending order.
    async fn of(&mut self, ordinal: u32) -> Result<Option<Entitlement>, CommandError> {
        loop {
            while let Some(first) = self.page.pop_front() {
                match first.ordinal {
                    Some(found) if found == ordinal => return Ok(Some(first)),
                    Some(found) if found > ordinal => {
                        self.page.push_front(first);
                        return Ok(None);
                    }
                    _ => {}
                }
            }
            let Some(page_token) = self.next.take() else { return Ok(None) };
            let request = ListEntitlementsRequest {
                distribution_id: self.distribution_id.to_owned(),
                page_size: PAGE_SIZE,
                page_token,
                treatment: HolderTreatment::Pay.into(),
            };
            let answer = self.edge.distributions().list_entitlements(request).await?.into_inner();
            self.page = answer.entitlements.into();
            self.next = Some(answer.next_page_token).filter(|token| !token.is_empty());
        }
    }
}
