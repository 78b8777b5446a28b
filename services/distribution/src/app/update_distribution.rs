//! Changes the terms of what is not executed yet: it is calculated anew, and asked anew.

use auth::Actor;
use diesel_async::AsyncPgConnection;
use futures::FutureExt as _;
use ids::{DistributionId, FundingAccountId};
use money::AssetCode;
use pg::idempotency::{Answer, Once};
use service_kit::error::FieldViolations;
use service_kit::validate::REQUIRED;

use super::draft::AskedRule;
use super::{App, Draft, duty, read};
use crate::domain::account::Account;
use crate::domain::approval::ROUNDS_MAX;
use crate::domain::deduction::{Deductions, Withholding};
use crate::domain::distribution::{Amendment, Distribution, FromHolders, RetryPolicy, Source, Terms};
use crate::domain::kind::Duty;
use crate::domain::state::{Action, State};
use crate::domain::treatment::{Parties, Treatment};
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store::states::{self, Besides};
use crate::store::{amendments, carries};

/// What is to change, as far as it could be read by itself; the rest stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// What people call it.
    pub label: Option<String>,
    /// How much each holder gets.
    pub rule: Option<AskedRule>,
    /// What is withheld.
    pub withholding: Option<Withholding>,
    /// Less than this is carried forward, in smallest units of the payment token.
    pub minimum: Option<u128>,
    /// The codes that its amounts name, each with its field.
    pub codes: Vec<(&'static str, String)>,
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
    let terms = match &found.terms.source {
        Source::Holders(holders) => {
            change.of_holders(app, actor, &found.terms.with_source((**holders).clone())).await?
        }
        Source::List(_) => change.of_list(app, actor, &found.terms).await?,
    };
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
        return Err(Refusal::TermsChanged(found.id).into());
    }
    if version < ROUNDS_MAX { Ok(()) } else { Err(Refusal::TooManyVersions(found.id).into()) }
}

async fn amend(
    conn: &mut AsyncPgConnection,
    id: DistributionId,
    terms: &Terms,
    amendment: &Amendment,
) -> Result<(), Error> {
    amendments::insert(conn, id, terms, amendment).await?;
    // Reserved by the calculation of the former terms, of which nothing is ever paid.
    carries::release_all(conn, id).await?;
    let besides = Besides { approval_expires_ns: Some(None), ..Besides::default() };
    states::set(conn, id, &State::SnapshotWanted, &besides).await?;
    Ok(states::set_terms_version(conn, id, amendment.version).await?)
}

impl Change {
    /// The terms with what changes, checked as in creating.
    async fn of_holders(self, app: &App, actor: &Actor, before: &Terms<FromHolders>) -> Result<Terms, Error> {
        let mut terms = self.over(before).check(app, actor).await?.terms;
        if terms.source.record_time_ns == before.source.record_time_ns {
            // The same balances: what is asked for again under the same id is the snapshot that is there.
            terms.source.snapshot = before.source.snapshot;
        }
        Ok(terms.into())
    }

    /// The whole draft, with what stays.
    fn over(mut self, terms: &Terms<FromHolders>) -> Draft {
        let holders = &terms.source;
        let code = self.payment_token.unwrap_or_else(|| terms.payment_token.clone());
        if code != terms.payment_token && self.rule.is_none() {
            self.violations.add("amount_rule", REQUIRED, "another payment token has other amounts");
        }
        if code != terms.payment_token && self.minimum.is_none() && holders.deductions.minimum > 0 {
            self.violations.add("minimum_amount", REQUIRED, "another payment token has another minimum");
        }
        for (field, _) in self.codes.iter().filter(|(_, named)| named != code.as_str()) {
            self.violations.add(*field, "NOT_THE_PAYMENT_TOKEN", "the code of the payment token");
        }
        let decisions = || holders.decisions.iter().map(|(account, decided)| (*account, *decided)).collect();
        Draft {
            asset: Some(holders.asset),
            accounts: Vec::new(),
            label: self.label.or_else(|| Some(terms.label.clone())),
            kind: Some(terms.kind),
            rule: self.rule.or(Some(AskedRule::Whole(holders.rule))),
            deductions: Deductions {
                withholding: self.withholding.unwrap_or_else(|| holders.deductions.withholding.clone()),
                minimum: self.minimum.unwrap_or(holders.deductions.minimum),
            },
            payment_token: Some(code),
            funding_account: self.funding_account.or(Some(terms.funding_account)),
            record_time_ns: self.record_time_ns.or(Some(holders.record_time_ns)),
            snapshot: None,
            decisions: self.decisions.unwrap_or_else(decisions),
            batch_size: self.batch_size.or(Some(terms.batch_size)),
            parallelism: self.parallelism.or(Some(terms.parallelism)),
            retry: self.retry.or(Some(terms.retry)),
            execute_now: self.execute_now.unwrap_or(holders.execute_now),
            violations: self.violations,
        }
    }

    /// The same for a list, which is what it is: who gets how much of what does not change, and nothing pays it by itself.
    async fn of_list(mut self, app: &App, actor: &Actor, before: &Terms) -> Result<Terms, Error> {
        let given = [
            ("amount_rule", self.rule.is_some()),
            ("withholding", self.withholding.is_some()),
            ("minimum_amount", self.minimum.is_some()),
            ("payment_token", self.payment_token.is_some()),
            ("record_time", self.record_time_ns.is_some()),
            ("holder_decisions", self.decisions.is_some()),
            ("execute_now", self.execute_now.is_some()),
        ];
        for (field, _) in given.into_iter().filter(|(_, given)| *given) {
            self.violations.add(field, "IS_A_LIST", "a list has none; make another list");
        }
        self.violations.into_result()?;
        let id = self.funding_account.unwrap_or(before.funding_account);
        let funding = app.execution.funding(actor, id).await?.ok_or(Error::FundingAccountNotFound(id))?;
        let (funding, fee_payer) = (funding.account, funding.fee_payer);
        Ok(Terms {
            label: self.label.unwrap_or_else(|| before.label.clone()),
            funding_account: id,
            parties: Parties { funding, fee_payer, ..before.parties },
            batch_size: self.batch_size.unwrap_or(before.batch_size),
            parallelism: self.parallelism.unwrap_or(before.parallelism),
            retry: self.retry.unwrap_or(before.retry),
            ..before.clone()
        })
    }
}

/// The fields of the request that make a difference.
fn changed(before: &Terms, after: &Terms) -> Vec<String> {
    let holders = match (&before.source, &after.source) {
        (Source::Holders(before), Source::Holders(after)) => Some((before, after)),
        (Source::List(_), _) | (_, Source::List(_)) => None,
    };
    let by_balance = |differs: fn(&FromHolders, &FromHolders) -> bool| {
        holders.is_some_and(|(before, after)| differs(before, after))
    };
    let fields = [
        ("label", before.label != after.label),
        ("amount_rule", by_balance(|before, after| before.rule != after.rule)),
        (
            "withholding",
            by_balance(|before, after| before.deductions.withholding != after.deductions.withholding),
        ),
        ("minimum_amount", by_balance(|before, after| before.deductions.minimum != after.deductions.minimum)),
        ("payment_token", before.payment_token != after.payment_token),
        ("funding_account_id", before.funding_account != after.funding_account),
        ("record_time", by_balance(|before, after| before.record_time_ns != after.record_time_ns)),
        ("holder_decisions", by_balance(|before, after| before.decisions != after.decisions)),
        ("batch_size", before.batch_size != after.batch_size),
        ("parallelism", before.parallelism != after.parallelism),
        ("retry_policy", before.retry != after.retry),
        ("execute_now", before.execute_now() != after.execute_now()),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field.to_owned()).collect()
}
