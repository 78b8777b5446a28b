//! Changes the terms of what is not executed yet: it is calculated anew, and asked anew.

use auth::Actor;
use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::{DistributionId, FundingAccountId};
use money::AssetCode;
use pg::idempotency::{Answer, Once};
use service_kit::error::FieldViolations;
use service_kit::validate::REQUIRED;

use super::{App, Draft, duty, read};
use crate::domain::account::Account;
use crate::domain::approval::ROUNDS_MAX;
use crate::domain::calculation::AmountRule;
use crate::domain::distribution::{Amendment, Distribution, RetryPolicy, Terms};
use crate::domain::kind::Duty;
use crate::domain::state::{Action, State};
use crate::domain::treatment::Treatment;
use crate::error::Error;
use crate::store::amendments;
use crate::store::states::{self, Besides};

/// What is to change, as far as it could be read by itself; the rest stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// What people call it.
    pub label: Option<String>,
    /// How much each holder gets.
    pub rule: Option<AmountRule>,
    /// The code that a pool's amount names.
    pub pool_asset: Option<String>,
    /// In what.
    pub payment_token: Option<AssetCode>,
    /// Where the money comes from.
    pub funding_account: Option<FundingAccountId>,
    /// The record time in nanoseconds since the epoch.
    pub record_time_ns: Option<i64>,
    /// All decisions on holders, in the order of the request; each account once.
    pub decisions: Option<Vec<(Account, Treatment)>>,
    /// Payouts per batch.
    pub batch_size: Option<u32>,
    /// Batches worked on at the same time.
    pub parallelism: Option<u32>,
    /// How failures are tried again.
    pub retry: Option<RetryPolicy>,
    /// Executed by itself as soon as it is calculated and approved.
    pub execute_now: Option<bool>,
    /// What is wrong with it so far.
    pub violations: FieldViolations,
}

/// Commits another version of the terms, when `version` is the one in force. The job loses its lease with it, so that
/// nothing that was begun by the former terms is stored.
pub(crate) async fn update_distribution<R: Answer>(
    app: &App,
    actor: &Actor,
    id: DistributionId,
    version: u32,
    change: Change,
    once: &Once<Distribution, R, Error>,
) -> Result<R, Error> {
    if let Some(answer) = once.answered(&app.pool).await? {
        return Ok(answer);
    }
    let found = read::get_distribution(app, id).await?;
    duty::ensure(Duty::Payout, &found)?;
    ensure(&found, &found.state, version)?;
    let mut terms = change.over(&found.terms).check(app, actor).await?.terms;
    if terms.record_time_ns == found.terms.record_time_ns {
        // The same balances: what is asked for again under the same id is the snapshot that is there.
        terms.snapshot = found.terms.snapshot;
    }
    let amendment = Amendment {
        version: version + 1,
        changed: changed(&found.terms, &terms),
        by: actor.subject.clone(),
        at_ns: app.now_ns(),
    };
    let answer = once
        .run(&app.pool, move |conn| {
            async move {
                let locked = states::lock(conn, id).await?.ok_or(Error::DistributionNotFound(id))?;
                let found = read::in_transaction(conn, id).await?;
                ensure(&found, &locked.state, version)?;
                if !amendment.changed.is_empty() {
                    amend(conn, id, &terms, &amendment).await?;
                }
                read::in_transaction(conn, id).await
            }
            .boxed()
        })
        .await?;
    app.woken.notify_one();
    Ok(answer)
}

/// It can be changed, and its terms are those the caller saw.
fn ensure(found: &Distribution, state: &State, version: u32) -> Result<(), Error> {
    state.act(Action::Modify, 0).map_err(|source| duty::refused(found, source))?;
    if found.terms_version != version {
        return Err(Error::TermsChanged(found.id));
    }
    if version < ROUNDS_MAX { Ok(()) } else { Err(Error::TooManyVersions(found.id)) }
}

async fn amend(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    terms: &Terms,
    amendment: &Amendment,
) -> Result<(), Error> {
    amendments::insert(conn, id, terms, amendment).await?;
    let besides = Besides { approval_expires_ns: Some(None), ..Besides::default() };
    states::set(conn, id, &State::SnapshotWanted, &besides).await?;
    Ok(states::set_terms_version(conn, id, amendment.version).await?)
}

impl Change {
    /// The whole draft, with what stays.
    fn over(mut self, terms: &Terms) -> Draft {
        let code = self.payment_token.unwrap_or_else(|| terms.payment_token.clone());
        if code != terms.payment_token && self.rule.is_none() {
            self.violations.add("amount_rule", REQUIRED, "another payment token has other amounts");
        }
        if self.pool_asset.is_some_and(|asset| asset != code.as_str()) {
            let field = "amount_rule.pool.amount.asset";
            self.violations.add(field, "NOT_THE_PAYMENT_TOKEN", "the code of the payment token");
        }
        let decisions = || terms.decisions.iter().map(|(account, decided)| (*account, *decided)).collect();
        Draft {
            asset: Some(terms.asset),
            accounts: Vec::new(),
            label: self.label.or_else(|| Some(terms.label.clone())),
            kind: Some(terms.kind),
            rule: self.rule.or(Some(terms.rule)),
            payment_token: Some(code),
            funding_account: self.funding_account.or(Some(terms.funding_account)),
            record_time_ns: self.record_time_ns.or(Some(terms.record_time_ns)),
            snapshot: None,
            decisions: self.decisions.unwrap_or_else(decisions),
            batch_size: self.batch_size.or(Some(terms.batch_size)),
            parallelism: self.parallelism.or(Some(terms.parallelism)),
            retry: self.retry.or(Some(terms.retry)),
            execute_now: self.execute_now.unwrap_or(terms.execute_now),
            violations: self.violations,
        }
    }
}

/// The fields of the request that make a difference.
fn changed(before: &Terms, after: &Terms) -> Vec<String> {
    let fields = [
        ("label", before.label != after.label),
        ("amount_rule", before.rule != after.rule),
        ("payment_token", before.payment_token != after.payment_token),
        ("funding_account_id", before.funding_account != after.funding_account),
        ("record_time", before.record_time_ns != after.record_time_ns),
        ("holder_decisions", before.decisions != after.decisions),
        ("batch_size", before.batch_size != after.batch_size),
        ("parallelism", before.parallelism != after.parallelism),
        ("retry_policy", before.retry != after.retry),
        ("execute_now", before.execute_now != after.execute_now),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field.to_owned()).collect()
}
