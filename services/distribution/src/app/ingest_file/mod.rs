//! Takes a file of payees: read and judged line by line as it comes, decided on as a whole in one transaction.

mod decide;
mod receive;

use std::sync::Arc;

use auth::Actor;
use futures::{FutureExt as _, Stream};
use ids::{FundingAccountId, IngestFileId};
use money::{AssetCode, AssetKind};
use pg::idempotency::{Answer, Once};

use super::App;
use crate::domain::account::Account;
use crate::domain::distribution::RetryPolicy;
use crate::domain::ingest::{IngestFile, IngestMode, Rules};
use crate::domain::treatment::Parties;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::ingest_lines;
use decide::{Decide, decide};
use receive::receive;

/// How often a decision is tried that another file's came between.
const DECISIONS_MAX: u32 = 5;

/// What is to become of a file.
#[derive(Clone, Debug)]
pub(crate) struct IngestDraft {
    /// Its name.
    pub name: String,
    /// What people call the distribution.
    pub label: String,
    /// Where the money comes from.
    pub funding_account: FundingAccountId,
    /// In what.
    pub payment_token: AssetCode,
    /// What happens with refused lines.
    pub mode: IngestMode,
    /// Payouts per batch.
    pub batch_size: u32,
    /// Batches worked on at the same time.
    pub parallelism: u32,
    /// How failures are tried again.
    pub retry: RetryPolicy,
}

/// Takes a file. `once` makes the call repeatable by the digest of its bytes, which is known only at their end.
pub(crate) async fn ingest_file<R: Answer>(
    app: &App,
    actor: &Actor,
    draft: IngestDraft,
    chunks: impl Stream<Item = Result<Vec<u8>, Error>> + Send + Unpin,
    once: impl FnOnce([u8; 32]) -> Once<IngestFile, R, Error> + Send,
) -> Result<R, Error> {
    let _place = app.ingests.try_acquire().map_err(|_| Error::IngestBusy)?;
    let funding = app.execution.funding(actor, draft.funding_account);
    let token = app.assets.payment_token(actor, &draft.payment_token);
    let (funding, token) = futures::try_join!(funding, token)?;
    let funding = funding.ok_or(Error::FundingAccountNotFound(draft.funding_account))?;
    let not_accepted = || Error::PaymentTokenNotAccepted(draft.payment_token.to_string());
    let decimals = token.ok_or_else(not_accepted)?.decimals;
    // There is no asset, and so no treasury: the zero account stands in, which is never paid anyway.
    let parties = Parties { treasury: Account::ZERO, funding: funding.account, fee_payer: funding.fee_payer };
    let rules = Rules { currency: currency(&draft.payment_token), decimals, parties };
    let id = IngestFileId::new(app.ids.as_ref());
    let decided = async {
        let received = receive(app, actor, id, rules, chunks).await?;
        let once = once(received.digest);
        if let Some(answer) = once.answered(&app.pool).await? {
            return Ok(answer);
        }
        let to_decide = Decide { draft, id, decimals, parties, received, by: actor.subject.clone() };
        let answer = run(app, to_decide, &once).await?;
        here!("ingest.after_commit");
        Ok(answer)
    };
    let cut_off = CutOff(Some((app.clone(), id)));
    let decided = decided.await;
    cut_off.not();
    clear(app, id).await;
    app.woken.notify_one();
    decided
}

/// Clears away the lines of an upload whose caller went away, so that the call was dropped.
struct CutOff(Option<(App, IngestFileId)>);

impl CutOff {
    /// It was not.
    fn not(mut self) {
        self.0 = None;
    }
}

impl Drop for CutOff {
    fn drop(&mut self) {
        // A process that ends has no time for it: then they go with a later upload.
        if let Some((app, id)) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { clear(&app, id).await });
        }
    }
}

async fn run<R: Answer>(app: &App, to_decide: Decide, once: &Once<IngestFile, R, Error>) -> Result<R, Error> {
    let to_decide = Arc::new(to_decide);
    for _ in 0..DECISIONS_MAX {
        let (app_here, to_decide) = (app.clone(), Arc::clone(&to_decide));
        let decided =
            once.run(&app.pool, move |conn| async move { decide(&app_here, conn, &to_decide).await }.boxed());
        match decided.await {
            // Nothing of it is stored; what came between is seen by the next try.
            Err(Error::FileOvertaken) => {}
            Err(error) if error.is_lock_timeout() => return Err(Error::IngestBusy),
            decided => return decided,
        }
    }
    Err(Error::IngestBusy)
}

/// Whatever is still there was not decided on. What is left after a kill goes with the next uploads.
async fn clear(app: &App, id: IngestFileId) {
    let cleared = async { Ok::<_, Error>(ingest_lines::clear(&mut *app.conn().await?, id).await?) };
    if let Err(error) = cleared.await {
        tracing::warn!(file = %id, %error, "lines of an upload are left");
    }
}

/// What stands in the column of the currency.
fn currency(payment_token: &AssetCode) -> String {
    match payment_token.parts() {
        AssetKind::Hbar { .. } => "HBAR".to_owned(),
        AssetKind::Token { token, .. } => token.to_owned(),
        AssetKind::Fiat { currency } => currency.to_owned(),
    }
}
