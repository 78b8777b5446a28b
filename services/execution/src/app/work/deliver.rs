//! Sending an attempt once, and waiting a while for what the network says.

use std::time::Duration;

use hedera::status::{self, Class, Precheck};
use hedera::{AccountId, Status};
use tokio::time::Instant;

use crate::app::Context;
use crate::app::work::{Finding, follow};
use crate::clients::hedera_rail::Heard;
use crate::domain::attempt::{Attempt, Cause, Verdict, by_receipt};
use crate::store::evidence::Event;

/// First wait between two questions for a receipt; it doubles up to a sixteenth of the patience.
const RECEIPT_WAIT_FIRST: Duration = Duration::from_millis(2);
/// How soon a submission that the network was too busy for is sent again.
const BUSY_WAIT: Duration = Duration::from_millis(300);

/// Sends one copy of an attempt whose sending has begun. A receipt decides at once only where this worker's own bytes
/// were taken by a node; everything else is left to a later look.
pub(super) async fn deliver(ctx: &Context, attempt: Attempt) -> Finding {
    let round = attempt.send_begins.saturating_sub(1);
    let (node, heard) = ctx.rail.send(&attempt, round).await;
    match heard {
        Heard::Answer(answer) => answered(ctx, attempt, node, answer, round).await,
        Heard::Nothing(cause) => {
            let event = event(&attempt, "SEND_UNKNOWN", format!("node {node} gave no answer: {cause}"));
            Finding { again_after: BUSY_WAIT, ..follow::waiting(ctx, attempt, vec![event]) }
        }
        Heard::NotSent => {
            let event = event(&attempt, "NOT_SENT", "the pace of sending left no room in time".to_owned());
            follow::waiting(ctx, attempt, vec![event])
        }
    }
}

async fn answered(ctx: &Context, attempt: Attempt, node: AccountId, answer: Status, round: u32) -> Finding {
    let precheck = status::precheck(answer);
    if precheck == Precheck::Accepted {
        return await_receipt(ctx, attempt, round).await;
    }
    let heard = event(&attempt, "PRECHECK", format!("node {node} answered {answer}"));
    let waiting = follow::waiting(ctx, attempt, vec![heard]);
    match precheck {
        // Another copy can still be taken inside the window, so this ends nothing; but it is for an operator to see.
        Precheck::Refused(class @ (Class::Operator | Class::Bug)) => {
            Finding { halt: Some(Cause::of(answer, class)), ..waiting }
        }
        Precheck::RetrySameId | Precheck::WrongNode | Precheck::ClockAhead | Precheck::Duplicate => {
            let doublings = round.min(4);
            Finding {
                again_after: BUSY_WAIT.saturating_mul(1 << doublings).min(ctx.tuning.poll()),
                ..waiting
            }
        }
        Precheck::Accepted | Precheck::Refused(_) | Precheck::Unknown => waiting,
    }
}

async fn await_receipt(ctx: &Context, attempt: Attempt, round: u32) -> Finding {
    let patience = Duration::from_millis(ctx.tuning.receipt_patience_ms);
    let until = Instant::now() + patience;
    let mut wait = RECEIPT_WAIT_FIRST;
    loop {
        if let Some(heard) = ctx.rail.receipt(attempt.transaction, round).await {
            let verdict = by_receipt(heard);
            if verdict != Verdict::Undecided {
                let events = match verdict {
                    Verdict::Dead { .. } => {
                        vec![event(&attempt, "RECEIPT", format!("the receipt says {heard}"))]
                    }
                    Verdict::Settled { .. } | Verdict::Undecided => Vec::new(),
                };
                return Finding { verdict, ..follow::waiting(ctx, attempt, events) };
            }
        }
        if Instant::now() + wait > until {
            let event = event(&attempt, "RECEIPT", "taken by a node; no receipt yet".to_owned());
            return follow::waiting(ctx, attempt, vec![event]);
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(patience / 16).max(RECEIPT_WAIT_FIRST);
    }
}

fn event(attempt: &Attempt, kind: &'static str, detail: String) -> Event {
    Event { attempt: attempt.id, kind, detail }
}
