//! Looking through the transactions of one fee payer, page by page; each page is done with before the next is read, so
//! that a sweep goes on where it was.

use ids::AttemptId;
use money::{AssetCode, Network};

use hedera::mirror::TransactionRecord;
use hedera::status::{self, Receipt};

use crate::app::Context;
use crate::app::sweep::adopt;
use crate::domain::adoption::Effect;
use crate::domain::memo::Memo;
use crate::domain::sweep::{Payer, Sweep};
use crate::error::Error;
use crate::store::{funding_accounts, pauses, sweeps, swept_effects};

/// Pages of one payer in a row.
const PAGES_PER_LOOK: u32 = 100;

/// Reads on from the payer's cursor, until the end of the span was seen or there is nothing more to see now.
pub(super) async fn look(ctx: &Context, sweep: &Sweep, mut payer: Payer) -> Result<(), Error> {
    for _ in 0..PAGES_PER_LOOK {
        let page = ctx.rail.mirror().transactions_after(payer.account, payer.cursor_ns).await?;
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
    let ids: Vec<AttemptId> = effects.iter().map(|effect| effect.attempt).collect();
    let known =
        if ids.is_empty() { Vec::new() } else { swept_effects::known(&mut *ctx.conn().await?, &ids).await? };
    let unknown: Vec<Effect> =
        effects.into_iter().filter(|effect| !known.contains(&effect.attempt)).collect();
    let mut all = true;
    for piece in unknown.chunk_by(|one, other| run_of(one) == run_of(other)) {
        all &= adopt::take_in(ctx, sweep, piece).await?;
    }
    Ok(all)
}

fn run_of(effect: &Effect) -> Option<ids::RunId> {
    effect.place.map(|place| place.run)
}

/// The payment that a record shows; none where it is not ours, or moved nothing. What we cannot tell counts as a payment.
fn read(network: Network, record: &TransactionRecord) -> Option<Effect> {
    let memo = Memo::read(&record.memo)?;
    let nothing = record
        .status()
        .is_some_and(|status| matches!(status::receipt(status), Receipt::Dead(_) | Receipt::KeepUntilExpiry));
    if nothing || !record.is_top_level() {
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
