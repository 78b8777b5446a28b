//! Makes a new distribution of the payees of an ended one who are proven unpaid.
//!
//! Nothing is decided about the old payouts here: what is read of them may be otherwise when the new run starts, and it is
//! execution that supersedes them then, all or none.

use std::collections::BTreeSet;

use auth::Actor;
use futures::{FutureExt as _, StreamExt as _};
use ids::{DistributionId, RunId};
use pg::idempotency::{Answer, Once};
use service_kit::error::{Detail, FieldViolations, Problem};
use tonic::Code;

use super::{App, duty, read};
use crate::clients::PaidOrNot;
use crate::domain::account::Account;
use crate::domain::distribution::{Distribution, FromList, Source, Terms};
use crate::domain::kind::Duty;
use crate::domain::rerun::{Choice, Pick};
use crate::domain::state::{Action, State};
use crate::domain::treatment::never_paid;
use crate::error::Error;
use crate::store::carries;
use crate::store::distributions;
use crate::store::listed_payees::{ListedPayee, Writer};
use crate::store::states;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Rerun {
    /// What people call the new one; as the old one when none.
    pub label: Option<String>,
    /// Whom, and how.
    pub choice: Choice,
}

/// Stores the payees as a list, and then the distribution that is made of it.
pub(crate) async fn rerun_distribution<R: Answer>(
    app: &App,
    actor: &Actor,
    id: DistributionId,
    rerun: Rerun,
    once: &Once<Distribution, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let old = read::get_distribution(app, id).await?;
    duty::ensure(Duty::Payout, &old)?;
    ensure_offered(&old, app.now_ns())?;
    ensure_payable(app, actor, &old).await?;
    let created = Distribution {
        id: DistributionId::new(app.ids.as_ref()),
        run: RunId::new(app.ids.as_ref()),
        terms: Terms {
            label: rerun.label.clone().unwrap_or_else(|| old.terms.label.clone()),
            ..old.terms.with_source(Source::List(FromList { asset: old.terms.asset(), rerun_of: Some(id) }))
        },
        terms_version: 1,
        amendments: Vec::new(),
        created_by: actor.subject.clone(),
        created_ns: app.now_ns(),
        state: State::SnapshotWanted,
        version: 1,
        cancel_reason: String::new(),
        executed_ns: None,
        entitlements: None,
        report: None,
        requests: Vec::new(),
    };
    write_list(app, actor, &old, created.id, &rerun.choice).await?;
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                // Held until this commits: a cancel that ends it waits, and then keeps for this what it would give back.
                states::lock(conn, id).await?;
                ensure_offered(&read::in_transaction(conn, id).await?, created.created_ns)?;
                distributions::insert(conn, &created).await?;
                Ok(created)
            }
            .boxed()
        })
        .await?;
    app.woken.notify_one();
    Ok(answer)
}

/// It can be run again as it is now.
fn ensure_offered(old: &Distribution, now_ns: i64) -> Result<(), Error> {
    let id = old.id;
    old.act(Action::Rerun, now_ns).map_err(|source| Error::ActionNotAllowed { id, source })?;
    if old.report.is_none() {
        return Err(nothing(
            "it was never handed over, so that nothing of it can be replaced; create it anew",
        ));
    }
    if old.gave_back() {
        return Err(nothing(
            "its references were given back when it was cancelled, so that whoever is unpaid may come in another file",
        ));
    }
    Ok(())
}

/// What each payout of it brings forward of earlier distributions.
async fn brought(app: &App, old: &Distribution) -> Result<Vec<(u32, u128)>, Error> {
    match old.entitlements.filter(|result| result.totals.brought > 0) {
        None => Ok(Vec::new()),
        Some(result) => Ok(carries::brought(&mut *app.conn().await?, result.calculation).await?),
    }
}

/// What stands against paying it now; it is asked again when it is executed.
async fn ensure_payable(app: &App, actor: &Actor, old: &Distribution) -> Result<(), Error> {
    if let Some(asset) = old.terms.asset()
        && app.assets.asset(actor, asset).await?.ok_or(Error::AssetNotFound(asset))?.paused
    {
        return Err(Error::AssetPaused(asset));
    }
    let token = app.assets.payment_token(actor, &old.terms.payment_token).await?;
    if token.is_none_or(|token| token.decimals != old.terms.payment_decimals) {
        return Err(Error::PaymentTokenNotAccepted(old.terms.payment_token.to_string()));
    }
    Ok(())
}

/// Goes through the old run in flat memory and writes down who is paid anew.
async fn write_list(
    app: &App,
    actor: &Actor,
    old: &Distribution,
    new: DistributionId,
    choice: &Choice,
) -> Result<(), Error> {
    let mut check = Check::new(old, choice, brought(app, old).await?)?;
    let mut writer = Writer::begin(&app.copy_url, new).await?;
    let mut chunks = app.execution.payouts(actor, old.run).await?;
    while let Some(chunk) = chunks.next().await {
        for payout in chunk? {
            if let Some(payee) = check.take(&payout)? {
                writer.write(&payee, Some(payout.ordinal)).await?;
            }
        }
    }
    check.finish()?;
    writer.finish().await?;
    Ok(())
}

/// Holds the choice against the old payouts, one after another.
struct Check<'a> {
    choice: &'a Choice,
    /// Named, and not met yet.
    missing: BTreeSet<Account>,
    moved_to: BTreeSet<Account>,
    /// What old payouts bring forward of earlier distributions, by ordinal ascending: the new ones do not.
    brought: Vec<(u32, u128)>,
    payees: u64,
}

impl<'a> Check<'a> {
    fn new(old: &Distribution, choice: &'a Choice, brought: Vec<(u32, u128)>) -> Result<Self, Problem> {
        let mut violations = FieldViolations::new();
        for account in choice.moved_to() {
            if never_paid(account, &old.terms.parties) {
                violations.add("edits.new_account", "NEVER_PAID", format!("{account} is never paid"));
            }
        }
        violations.into_result()?;
        Ok(Self { choice, missing: choice.named(), moved_to: choice.moved_to(), brought, payees: 0 })
    }

    /// The payee that replaces this payout, if one does.
    fn take(&mut self, payout: &PaidOrNot) -> Result<Option<ListedPayee>, Error> {
        self.missing.remove(&payout.account);
        let own = payout.units - self.brought_by(payout.ordinal);
        let (account, units) = match self.choice.pick(payout.account, own, payout.unpaid) {
            // All of it is of earlier distributions: the payee's next one pays it once this is cancelled.
            Pick::Replaced { units: 0, .. } | Pick::Stays => return Ok(None),
            Pick::NotUnpaid => return Err(not_replaceable(payout)),
            Pick::Replaced { account, units } => (account, units),
        };
        if account == payout.account && self.moved_to.contains(&account) {
            let words = format!("{account} is paid already, and each account is paid once");
            return Err(Problem::field("edits.new_account", "DUPLICATE", words).into());
        }
        self.payees += 1;
        Ok(Some(ListedPayee { account, units, reference: String::new(), note: String::new() }))
    }

    /// What an old payout brings forward.
    fn brought_by(&self, ordinal: u32) -> u128 {
        let place = self.brought.binary_search_by_key(&ordinal, |(ordinal, _)| *ordinal);
        place.map_or(0, |place| self.brought[place].1)
    }

    fn finish(self) -> Result<(), Error> {
        if let Some(account) = self.missing.first() {
            let words = format!("{account} is no payee of the distribution");
            return Err(Problem::field("accounts", "NOT_A_PAYEE", words).into());
        }
        if self.payees == 0 { Err(nothing("nobody of it is proven unpaid")) } else { Ok(()) }
    }
}

fn not_replaceable(payout: &PaidOrNot) -> Error {
    let PaidOrNot { account, status, .. } = payout;
    let message = format!("the payout to {account} is {status}; only who is proven unpaid is paid anew");
    Problem::user(Code::FailedPrecondition, "NOT_REPLACEABLE", message)
        .with(Detail::Meta("account", account.to_string()))
        .with(Detail::Meta("status", (*status).to_owned()))
        .into()
}

fn nothing(why: &str) -> Error {
    Problem::user(Code::FailedPrecondition, "NOTHING_TO_RERUN", why).into()
}
