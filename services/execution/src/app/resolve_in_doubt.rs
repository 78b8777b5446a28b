//! Ending a doubt with evidence, by two people: the one act that no worker does.

use std::time::{Duration, SystemTime};

use auth::Actor;
use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::{AttemptId, RunId};
use pg::idempotency::{Answer, Once};

use crate::app::Context;
use crate::domain::attempt::{Cause, Proof};
use crate::domain::payout::AttemptState;
use crate::domain::retry::Tries;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::attempts::{self, StoredAttempt};
use crate::store::batches::{self, Recount};
use crate::store::decisions::{self, Decision, Ending, Next};
use crate::store::evidence::{self, Event, Proposal};
use crate::store::runs;

/// What the evidence shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rail shows the payment.
    Paid,
    /// The rail shows none, and none can come any more.
    Unpaid,
}

impl Outcome {
    fn code(self) -> i16 {
        match self {
            Self::Paid => 1,
            Self::Unpaid => 2,
        }
    }
}

/// One person's word.
#[derive(Clone, Debug)]
pub struct Word {
    /// The attempt's run.
    pub run: RunId,
    /// The attempt.
    pub attempt: AttemptId,
    /// What the evidence shows.
    pub outcome: Outcome,
    /// Where it was seen, and what.
    pub evidence: String,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The attempt as it is now.
    pub attempt: StoredAttempt,
    /// Whether another person has to say the same, or somebody who says otherwise.
    pub awaiting_confirmation: bool,
    /// Whose latest word is another.
    pub otherwise: Vec<String>,
}

/// Records one person's word, in place of an earlier one. Once the latest words of two people are the same, and nobody's is
/// another, the attempt is decided, if it still is undecided.
pub async fn resolve_in_doubt<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    word: Word,
    once: &Once<Resolution, R, Error>,
) -> Result<R, Error> {
    let (by, now) = (actor.subject.clone(), ctx.clock.now());
    let margin_s = ctx.tuning.absence_margin_s;
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                let resolution = resolve(conn, &by, &word, now, margin_s).await?;
                here!("resolve.before_commit");
                Ok(resolution)
            }
            .boxed()
        })
        .await?;
    here!("resolve.after_commit");
    ctx.wake.notify_waiters();
    Ok(answer)
}

async fn resolve(
    conn: &mut AsyncPgConnection,
    by: &str,
    word: &Word,
    now: SystemTime,
    margin_s: u32,
) -> Result<Resolution, Error> {
    let run = runs::find_for_share(conn, word.run).await?.ok_or(Error::AttemptNotFound(word.attempt))?;
    let place =
        attempts::find(conn, word.run, word.attempt).await?.ok_or(Error::AttemptNotFound(word.attempt))?;
    batches::lock(conn, word.run, place.batch_number).await?;
    let attempt = attempts::find_for_update(conn, word.run, word.attempt)
        .await?
        .ok_or(Error::AttemptNotFound(word.attempt))?;
    check(&attempt, word, now, margin_s)?;
    if word.outcome == Outcome::Unpaid && decisions::has_effect(conn, word.attempt).await? {
        return Err(Error::refused("EFFECT_SEEN", "the network has shown its payment"));
    }
    let others = say(conn, by, word).await?;
    let otherwise = others.iter().filter(|other| other.outcome != word.outcome.code());
    let otherwise: Vec<String> = otherwise.map(|other| other.proposed_by.clone()).collect();
    if others.is_empty() || !otherwise.is_empty() {
        return Ok(Resolution { attempt, awaiting_confirmation: true, otherwise });
    }
    decide(conn, word, attempt.batch_number).await?;
    batches::recount(conn, word.run, Recount::One(attempt.batch_number)).await?;
    tracing::info!(run = %run.run.header.run, attempt = %word.attempt, outcome = ?word.outcome, "a doubt was resolved");
    let attempt =
        attempts::find(conn, word.run, word.attempt).await?.ok_or(Error::AttemptNotFound(word.attempt))?;
    Ok(Resolution { attempt, awaiting_confirmation: false, otherwise })
}

/// Keeps one person's word, also where it differs; returns the latest words of all others.
async fn say(conn: &mut AsyncPgConnection, by: &str, word: &Word) -> Result<Vec<Proposal>, Error> {
    let said = evidence::proposals(conn, word.run, word.attempt).await?;
    let (own, others): (Vec<Proposal>, Vec<Proposal>) =
        said.into_iter().partition(|proposal| proposal.proposed_by == by);
    if own.iter().any(|own| own.outcome == word.outcome.code()) {
        return Err(Error::refused("SAME_PERSON", "you have said so; another person has to confirm"));
    }
    evidence::propose(conn, word.run, word.attempt, by, word.outcome.code(), &word.evidence).await?;
    let said = Event {
        attempt: word.attempt,
        kind: "OPERATOR",
        detail: format!("{by}: {:?}. {}", word.outcome, word.evidence),
    };
    evidence::append(conn, word.run, &[said]).await?;
    Ok(others)
}

fn check(attempt: &StoredAttempt, word: &Word, now: SystemTime, margin_s: u32) -> Result<(), Error> {
    match attempt.state {
        AttemptState::InDoubt => {}
        AttemptState::Open => {
            return Err(Error::refused("ATTEMPT_NOT_IN_DOUBT", "its outcome is still being looked up"));
        }
        AttemptState::Settled | AttemptState::Dead => {
            return Err(Error::refused("ATTEMPT_DECIDED", "its outcome is known"));
        }
    }
    let now_ns = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let closed = i128::from(attempt.window_end_ns) + i128::from(margin_s) * 1_000_000_000;
    let open = i128::try_from(now_ns).unwrap_or(i128::MAX) <= closed;
    // An effect that is there stays there; but "unpaid" is true only once no copy can be taken any more.
    if word.outcome == Outcome::Unpaid && open {
        return Err(Error::refused(
            "WINDOW_OPEN",
            "the network can still take a copy of it; wait until its window has closed",
        ));
    }
    Ok(())
}

async fn decide(conn: &mut AsyncPgConnection, word: &Word, batch_number: u32) -> Result<(), Error> {
    let ending = match word.outcome {
        Outcome::Paid => Ending::Settled { consensus_ns: None },
        Outcome::Unpaid => Ending::Dead {
            cause: Cause { reason: "OPERATOR_RESOLVED".to_owned(), class: hedera::status::Class::Retryable },
            next: Some(Next { after: Duration::ZERO, split: false, tries: Tries::default() }),
        },
    };
    let decision = Decision { attempt: word.attempt, proof: Proof::Operator, ending };
    let decided = decisions::decide(conn, word.run, batch_number, &[decision]).await?;
    if decided.is_empty() { Err(Error::Overtaken) } else { Ok(()) }
}
