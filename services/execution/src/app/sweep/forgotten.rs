//! Keeps from being paid again, under another id, what a restored database has forgotten.
//!
//! Where distribution was restored as well, a schedule fires again and mints another run; a withdrawal whose key was
//! forgotten is another withdrawal. Nothing but a person can tell such a run from one that is new: while payments wait for a
//! run that is not here, what the same fee payer is to pay next begins halted; until that run is handed over again, or somebody
//! acknowledges that it is accounted for.

use auth::Actor;
use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::{AlertId, IdSource, RunId};
use pg::idempotency::{Answer, Once};

use crate::app::Context;
use crate::domain::attempt::Cause;
use crate::domain::run::{Header, RunState};
use crate::domain::sweep::Sweep;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::batches::{self, Recount};
use crate::store::swept_effects::{self, Forgotten};
use crate::store::{alerts, funding_accounts, runs, sweeps};

/// How many runs an alert names.
const NAMED_MAX: usize = 5;

/// Halts a run that this transaction has made, where payments by its fee payer wait for another. While a sweep goes on
/// every run is held, and its end halts what has to be. The caller shares the lock of pauses, so that no sweep ends meanwhile.
pub(crate) async fn halt_new(
    conn: &mut AsyncPgConnection,
    ids: &dyn IdSource,
    header: &Header,
) -> Result<(), Error> {
    if sweeps::holds(conn).await? {
        return Ok(());
    }
    let funding = funding_accounts::of_run(conn, header).await?;
    let forgotten = swept_effects::forgotten(conn, funding.fee_payer, limit()).await?;
    if forgotten.is_empty() {
        return Ok(());
    }
    runs::set_state(conn, header.run, RunState::Halted, Some(&Cause::forgotten_payments())).await?;
    batches::recount(conn, header.run, Recount::All).await?;
    alert(conn, ids, header.run, &forgotten).await
}

/// The same for what came while the sweep went on, when it ends: such runs have no attempt yet, and none of what was found
/// is theirs. The caller holds the lock of pauses.
pub(super) async fn halt_unbegun(
    conn: &mut AsyncPgConnection,
    ids: &dyn IdSource,
    sweep: &Sweep,
) -> Result<(), Error> {
    for payer in sweeps::payers(conn, sweep.number).await? {
        let forgotten = swept_effects::forgotten(conn, payer.account, limit()).await?;
        if forgotten.is_empty() {
            continue;
        }
        let (since_ns, cause) = (sweep.span.since_ns, Cause::forgotten_payments());
        for run in runs::halt_unbegun_of_fee_payer(conn, payer.account, since_ns, &cause).await? {
            alert(conn, ids, run, &forgotten).await?;
        }
    }
    Ok(())
}

/// A person says that a forgotten run is accounted for and does not come again: how many payments wait for it. What is halted
/// already stays so: whoever compares that run retries or cancels it.
pub async fn acknowledge<R: Answer>(
    ctx: &Context,
    actor: &Actor,
    (run, reason): (RunId, String),
    once: &Once<u64, R, Error>,
) -> Result<R, Error> {
    let by = actor.subject.clone();
    let answer = once
        .run(&ctx.pool, move |conn| {
            async move {
                // Payments of it that are found later are not meant: they are written under the same lock.
                runs::lock_id(conn, run).await?;
                let payments = swept_effects::acknowledge(conn, run, &by, &reason).await?;
                if payments == 0 {
                    return Err(Error::refused("RUN_NOT_FORGOTTEN", format!("no payment waits for {run}")));
                }
                here!("acknowledge.before_commit");
                Ok(payments)
            }
            .boxed()
        })
        .await?;
    here!("acknowledge.after_commit");
    Ok(answer)
}

async fn alert(
    conn: &mut AsyncPgConnection,
    ids: &dyn IdSource,
    run: RunId,
    forgotten: &[Forgotten],
) -> Result<(), Error> {
    let cause = Cause::forgotten_payments();
    let hint = format!("{} They are of {}.", cause.hint(), named(forgotten));
    tracing::error!(%run, hint, "a run is halted: it may be one that a restore has forgotten");
    alerts::raise_with_hint(conn, AlertId::new(ids), run, &cause, &hint).await?;
    Ok(())
}

fn named(forgotten: &[Forgotten]) -> String {
    let name =
        |it: &Forgotten| format!("{} (transactions: {}, payouts: {})", it.run, it.payments, it.payouts);
    let mut names: Vec<String> = forgotten.iter().take(NAMED_MAX).map(name).collect();
    if forgotten.len() > NAMED_MAX {
        names.push("others".to_owned());
    }
    names.join(", ")
}

/// One more than are named, so that it shows whether there are others.
fn limit() -> u32 {
    u32::try_from(NAMED_MAX).map_or(u32::MAX, |named| named + 1)
}
