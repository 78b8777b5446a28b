//! Learning what became of an attempt that an earlier visit, perhaps of another worker, left undecided.

use std::time::{Duration, SystemTime};

use hedera::mirror::absence::Absence;
use hedera::status::{self, Receipt};

use crate::app::Context;
use crate::app::work::Finding;
use crate::clients::hedera_rail::top_level;
use crate::domain::attempt::{Attempt, Cause, Proof, Record, Verdict, by_records};
use crate::store::evidence::Event;
use crate::store::funding_accounts::FundingAccount;

const NS_PER_S: i64 = 1_000_000_000;

/// What a look brought.
pub(super) enum Followed {
    /// A finding to record.
    Learnt(Finding),
    /// No trace of it, and its window is open: it may be sent again.
    Unseen(Attempt),
}

/// Looks an attempt up. Inside its window the nodes are asked, and what they say counts once a record with the hash of
/// a stored copy confirms it; past the window only an answer that proves itself current counts. `funding` pays for a
/// sentinel where there is no such answer; none while a pause holds the run.
pub(super) async fn follow(ctx: &Context, funding: Option<&FundingAccount>, attempt: Attempt) -> Followed {
    if now_ns(ctx) <= attempt.window_end_ns {
        return inside_window(ctx, attempt).await;
    }
    Followed::Learnt(past_window(ctx, funding, attempt).await)
}

async fn inside_window(ctx: &Context, attempt: Attempt) -> Followed {
    let heard = ctx.rail.receipt(attempt.transaction, attempt.send_begins).await;
    match heard.map(status::receipt) {
        Some(Receipt::Success | Receipt::Dead(_)) => Followed::Learnt(by_mirror(ctx, attempt).await),
        Some(Receipt::KeepUntilExpiry) => Followed::Learnt(waiting(ctx, attempt, Vec::new())),
        // Nodes take nothing any more that would expire so soon.
        Some(Receipt::NotYet | Receipt::Unknown) | None if now_ns(ctx) > attempt.last_send_ns() => {
            Followed::Learnt(waiting(ctx, attempt, Vec::new()))
        }
        Some(Receipt::NotYet | Receipt::Unknown) | None => Followed::Unseen(attempt),
    }
}

async fn by_mirror(ctx: &Context, attempt: Attempt) -> Finding {
    match ctx.rail.records(attempt.transaction).await {
        Ok(records) => {
            let verdict = by_records(&attempt, &records);
            let events = records.iter().map(|record| Event {
                attempt: attempt.id,
                kind: "MIRROR_RECORD",
                detail: format!(
                    "{} at {}, {}",
                    record.status,
                    hedera::time::format_ns(record.consensus_ns),
                    if attempt.owns(&record.hash) { "one of our copies" } else { "not one of our copies" }
                ),
            });
            let events = if verdict == Verdict::Undecided { Vec::new() } else { events.collect() };
            let foreign = !records.is_empty() && !records.iter().any(|record| attempt.owns(&record.hash));
            let finding = Finding { verdict, ..waiting(ctx, attempt, events) };
            if foreign { Finding { doubt: Some("FOREIGN_TRANSACTION"), ..finding } } else { finding }
        }
        Err(error) => {
            tracing::warn!(%error, attempt = %attempt.id, "the mirror node could not be asked");
            waiting(ctx, attempt, Vec::new())
        }
    }
}

async fn past_window(ctx: &Context, funding: Option<&FundingAccount>, attempt: Attempt) -> Finding {
    // What is there is found by its id in one request; only what is not needs the walk that proves its absence.
    let seen = by_mirror(ctx, attempt).await;
    let margin_ns = i64::from(ctx.tuning.absence_margin_s) * NS_PER_S;
    if seen.verdict != Verdict::Undecided || now_ns(ctx) <= seen.attempt.window_end_ns + margin_ns {
        return seen;
    }
    // Where somebody else's is under the id, no walk says why it is in doubt.
    let doubt = seen.doubt;
    Finding { doubt, ..by_absence(ctx, funding, seen.attempt).await }
}

async fn by_absence(ctx: &Context, funding: Option<&FundingAccount>, attempt: Attempt) -> Finding {
    match ctx.rail.absence(&attempt).await {
        Ok(Absence::Found(records)) => by_walk(ctx, attempt, &top_level(records)),
        Ok(Absence::Proven { newest_consensus_ns, pages }) => {
            let detail = format!(
                "the payer's transactions up to {} in {pages} pages do not hold it",
                hedera::time::format_ns(newest_consensus_ns)
            );
            let events = vec![Event { attempt: attempt.id, kind: "ABSENCE", detail }];
            let verdict = Verdict::Dead { proof: Proof::Absence, cause: Cause::absent() };
            Finding { verdict, ..waiting(ctx, attempt, events) }
        }
        Ok(Absence::NotCurrent) => {
            if let Some(funding) = funding
                && let Err(error) =
                    ctx.rail.sentinel(ids::AttemptId::new(&*ctx.ids), funding, ctx.clock.now()).await
            {
                tracing::warn!(%error, "a sentinel could not be prepared");
            }
            waiting(ctx, attempt, Vec::new())
        }
        Err(error) => {
            tracing::warn!(%error, attempt = %attempt.id, "the mirror node could not be asked");
            waiting(ctx, attempt, Vec::new())
        }
    }
}

/// What was met where its absence was looked for. That may not be all there is of its id, so that only an effect counts.
fn by_walk(ctx: &Context, attempt: Attempt, records: &[Record]) -> Finding {
    let verdict = by_records(&attempt, records);
    let settled = matches!(verdict, Verdict::Settled { .. });
    let nothing_yet = waiting(ctx, attempt, Vec::new());
    if settled { Finding { verdict, ..nothing_yet } } else { nothing_yet }
}

/// Nothing is known yet.
pub(super) fn waiting(ctx: &Context, attempt: Attempt, events: Vec<Event>) -> Finding {
    let doubt_ns = attempt.window_end_ns + i64::from(ctx.tuning.doubt_after_s) * NS_PER_S;
    let doubt = (now_ns(ctx) > doubt_ns).then_some("OUTCOME_UNKNOWN");
    let again_after = ctx.tuning.poll();
    Finding { attempt, verdict: Verdict::Undecided, events, halt: None, again_after, doubt }
}

fn now_ns(ctx: &Context) -> i64 {
    let since: Duration = ctx.clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
