//! Looking through the transactions of one fee payer, page by page; each page is done with before the next is read, so
//! that a sweep goes on where it was.

use ids::AttemptId;
use money::{AssetCode, Network};

use hedera::mirror::{TransactionRecord, Transfer};
use hedera::status::{self, Receipt, Status};

use crate::app::Context;
use crate::app::sweep::adopt;
use crate::domain::adoption::Effect;
use crate::domain::memo::Memo;
use crate::domain::sweep::{Payer, Sweep};
use crate::error::Error;
use crate::store::{funding_accounts, pauses, sweeps};

/// Pages of one payer in a row.
const PAGES_PER_LOOK: u32 = 100;

/// Reads on from the payer's cursor, until the end of the span was seen or there is nothing more to see now.
pub(super) async fn look(ctx: &Context, sweep: &Sweep, mut payer: Payer) -> Result<(), Error> {
    for _ in 0..PAGES_PER_LOOK {
        let now_ns = pg::time::to_ns(ctx.clock.now());
        let page = ctx.rail.mirror().transactions_after(payer.account, payer.cursor_ns, now_ns).await?;
        let Some(last_ns) = page.last().map(|record| record.consensus_ns) else { break };
        if !take_in(ctx, sweep, &payer, &page).await? {
            return Ok(());
        }
        // A mirror node takes the ledger in order: one that shows this transaction has shown all before it.
        let done = last_ns > sweep.span.until_ns;
        let mut conn = ctx.conn().await?;
        if !sweeps::advance(&mut conn, sweep.number, &payer, last_ns, done).await? || done {
            return Ok(());
        }
        payer.cursor_ns = last_ns;
    }
    send_sentinel(ctx, sweep, &payer).await
}

/// Adopts or reports what our record does not know; false where an outcome has to be waited for.
async fn take_in(
    ctx: &Context,
    sweep: &Sweep,
    payer: &Payer,
    page: &[TransactionRecord],
) -> Result<bool, Error> {
    let effects: Vec<Effect> = page
        .iter()
        .filter(|record| {
            record.consensus_ns <= sweep.span.until_ns && record.transaction_id.payer() == payer.account
        })
        .filter_map(|record| read(ctx.network, record))
        .collect();
    let unknown = adopt::unknown(&mut *ctx.conn().await?, &effects).await?;
    let mut all = true;
    for piece in unknown.chunk_by(|one, other| run_of(one) == run_of(other)) {
        all &= adopt::take_in(ctx, sweep, piece).await?;
    }
    Ok(all)
}

fn run_of(effect: &Effect) -> Option<ids::RunId> {
    effect.place.map(|place| place.run)
}

/// Whether a record's outcome says that it moved nothing, or its transfers do: then only its fee was paid.
fn moved_nothing(record: &TransactionRecord) -> bool {
    let failed = record.status().is_some_and(|status| {
        status == Status::DUPLICATE_TRANSACTION
            || matches!(status::receipt(status), Receipt::Dead(_) | Receipt::KeepUntilExpiry)
    });
    let gained = |transfers: &[Transfer]| -> u64 {
        let gains = transfers.iter().filter(|to| to.amount > 0).map(|to| to.amount.unsigned_abs());
        gains.fold(0, u64::saturating_add)
    };
    let only_fee = record.token_transfers.is_empty() && gained(&record.transfers) <= record.charged_tx_fee;
    failed || (record.status() != Some(Status::SUCCESS) && only_fee)
}

/// The payment that a record shows; none where it is not ours, or moved nothing. What we cannot tell counts as a payment.
fn read(network: Network, record: &TransactionRecord) -> Option<Effect> {
    let memo = Memo::read(&record.memo)?;
    if moved_nothing(record) || !record.is_top_level() {
        return None;
    }
    let token = record.token_transfers.first().and_then(|transfer| transfer.token_id);
    let code = token
        .map_or_else(|| format!("hedera:{network}/hbar"), |token| format!("hedera:{network}/token:{token}"));
    let moved = if token.is_some() { &record.token_transfers } else { &record.transfers };
    let gains = moved.iter().filter(|transfer| transfer.token_id == token && transfer.amount > 0);
    Some(Effect {
        attempt: memo.attempt,
        place: memo.place,
        transaction: record.transaction_id,
        consensus_ns: record.consensus_ns,
        node: record.node.unwrap_or(record.transaction_id.payer()),
        hash: record.hash.clone(),
        asset: code.parse::<AssetCode>().ok()?,
        gains: gains
            .map(|transfer| (transfer.account.num(), transfer.amount.unsigned_abs().into()))
            .collect(),
    })
}

/// Where the end of the span has passed and no mirror node shows it, a transaction of the payer's makes one show it.
async fn send_sentinel(ctx: &Context, sweep: &Sweep, payer: &Payer) -> Result<(), Error> {
    if pg::time::to_ns(ctx.clock.now()) <= sweep.span.until_ns {
        return Ok(());
    }
    let funding = {
        let mut conn = ctx.conn().await?;
        // A person's word comes first: while everything is paused, the sweep does not end by itself.
        if pauses::everything(&mut conn).await? {
            return Ok(());
        }
        funding_accounts::of_fee_payer(&mut conn, payer.account).await?
    };
    if let Some(funding) = funding {
        ctx.rail.sentinel(AttemptId::new(&*ctx.ids), &funding, ctx.clock.now()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hedera::mirror::{TransactionRecord, Transfer};
    use hedera::{AccountId, TransactionId};
    use ids::{AttemptId, RunId, Uuid};
    use money::Network;

    use super::read;
    use crate::domain::memo::{Memo, Place};

    fn transfer(account: u64, amount: i64, token: Option<&str>) -> Transfer {
        Transfer {
            account: AccountId::from_num(account).expect("a number"),
            amount,
            token_id: token.map(|token| token.parse().expect("a token")),
        }
    }

    fn record(result: &str, transfers: Vec<Transfer>, token_transfers: Vec<Transfer>) -> TransactionRecord {
        let payer = AccountId::from_num(1001).expect("a number");
        let place = Place { run: RunId::from_uuid(Uuid::nil()), first: 0, size: 1 };
        let memo = Memo { attempt: AttemptId::from_uuid(Uuid::nil()), place: Some(place) };
        TransactionRecord {
            transaction_id: TransactionId::new(payer, 1),
            result: result.to_owned(),
            consensus_ns: 2,
            nonce: 0,
            scheduled: false,
            hash: Vec::new(),
            node: None,
            charged_tx_fee: 9,
            transfers,
            token_transfers,
            memo: memo.to_string(),
        }
    }

    #[test]
    fn what_moved_nothing_is_no_payment_and_what_cannot_be_told_is_one() {
        let fee = || vec![transfer(1001, -9, None), transfer(3, 2, None), transfer(98, 7, None)];
        let paid = || vec![transfer(1001, -5, Some("0.0.5")), transfer(7, 5, Some("0.0.5"))];
        let in_hbar = || vec![transfer(1001, -14, None), transfer(3, 9, None), transfer(7, 5, None)];
        for (result, transfers, token_transfers, payment) in [
            ("SUCCESS", fee(), paid(), true),
            ("SUCCESS", in_hbar(), Vec::new(), true),
            ("DUPLICATE_TRANSACTION", fee(), Vec::new(), false),
            ("INSUFFICIENT_TOKEN_BALANCE", fee(), Vec::new(), false),
            ("INVALID_NODE_ACCOUNT", fee(), Vec::new(), false),
            ("SOMETHING_NEW", fee(), Vec::new(), false),
            ("SOMETHING_NEW", fee(), paid(), true),
            ("SOMETHING_NEW", in_hbar(), Vec::new(), true),
        ] {
            let read = read(Network::Sandbox, &record(result, transfers, token_transfers));
            assert_eq!(read.is_some(), payment, "{result} {read:?}");
        }
    }
}
