//! A distribution as it was asked for: read field by field, checked against what it names, all mistakes together.

use auth::Actor;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use ids::{AssetId, FundingAccountId, SnapshotId};
use money::{AssetCode, Decimal};
use service_kit::error::{FieldViolations, Problem};
use service_kit::validate::{OUT_OF_RANGE, REQUIRED};

use super::App;
use crate::clients::{AssetFacts, FundingFacts, PaymentTokenFacts, PeerError, SnapshotStatus};
use crate::domain::account::Account;
use crate::domain::calculation::{AmountRule, rate_of};
use crate::domain::deduction::Deductions;
use crate::domain::distribution::{FromHolders, RetryPolicy, SnapshotChoice, SnapshotFacts, Terms};
use crate::domain::kind::Kind;
use crate::domain::redemption::{Bond, NotPayable};
use crate::domain::treatment::{Parties, Treatment, never_paid};
use crate::error::Error;

/// Questions about single accounts asked at the same time.
const QUESTIONS_AHEAD: usize = 16;

/// Each field as far as it could be read by itself; what could not be is among the violations.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// Whose holders.
    pub asset: Option<AssetId>,
    /// Of a redemption by holder, whose holdings, each with its place in the request; each account once.
    pub accounts: Vec<(usize, Account)>,
    /// What people call it.
    pub label: Option<String>,
    /// What it is for.
    pub kind: Option<Kind>,
    /// How much each holder gets; of a redemption the asset says it.
    pub rule: Option<AskedRule>,
    /// What comes off before it is paid.
    pub deductions: Deductions,
    /// In what.
    pub payment_token: Option<AssetCode>,
    /// Where the money comes from.
    pub funding_account: Option<FundingAccountId>,
    /// The record time in nanoseconds since the epoch; now, or the reused snapshot's, when none.
    pub record_time_ns: Option<i64>,
    /// The snapshot to reuse.
    pub snapshot: Option<SnapshotId>,
    /// Decisions on holders, in the order of the request; each account once.
    pub decisions: Vec<(Account, Treatment)>,
    /// Payouts per batch.
    pub batch_size: Option<u32>,
    /// Batches worked on at the same time.
    pub parallelism: Option<u32>,
    /// How failures are tried again.
    pub retry: Option<RetryPolicy>,
    /// Executed by itself as soon as it is calculated.
    pub execute_now: bool,
    /// What is wrong with it so far.
    pub violations: FieldViolations,
}

/// How much each holder gets, as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskedRule {
    /// It says all.
    Whole(AmountRule),
    /// This percentage of a bond's nominal value, whatever that is.
    PercentOfNominal(Decimal),
}

/// What a draft names, as far as that can be read and exists.
#[derive(Debug)]
struct Named {
    asset: Option<AssetFacts>,
    payment_token: Option<PaymentTokenFacts>,
    funding: Option<FundingFacts>,
    snapshot: Option<SnapshotStatus>,
    /// Whether each of the draft's accounts ever held the asset.
    ever_held: Vec<bool>,
}

/// A draft that is right: what is decided by it, and the snapshot it reuses.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) terms: Terms<FromHolders>,
    pub(super) reused: Option<SnapshotFacts>,
}

impl Draft {
    /// Checks a draft against what it names.
    ///
    /// # Errors
    /// All mistakes of its fields together; else what it names and is not there; else what stands against it now.
    pub(super) async fn check(mut self, app: &App, actor: &Actor) -> Result<Checked, Error> {
        let named = match self.named(app, actor).await {
            Ok(named) => named,
            Err(error) => {
                // Mistakes that are seen without asking anybody are told even when nobody answers.
                self.violations.into_result()?;
                return Err(error.into());
            }
        };
        let mut violations = std::mem::take(&mut self.violations);
        self.check_against(&named, &mut violations);
        violations.into_result()?;
        self.into_terms(app, named)
    }

    async fn named(&self, app: &App, actor: &Actor) -> Result<Named, PeerError> {
        let asset = async {
            let Some(id) = self.asset else { return Ok(None) };
            app.assets.asset(actor, id).await
        };
        let payment_token = async {
            let Some(code) = &self.payment_token else { return Ok(None) };
            app.assets.payment_token(actor, code).await
        };
        let funding = async {
            let Some(id) = self.funding_account else { return Ok(None) };
            app.execution.funding(actor, id).await
        };
        let snapshot = async {
            let Some(id) = self.snapshot else { return Ok(None) };
            app.holders.snapshot(actor, id).await
        };
        let (asset, payment_token, funding, snapshot, ever_held) = futures::try_join!(
            asset,
            payment_token,
            funding,
            snapshot.boxed(),
            self.ever_held(app, actor).boxed()
        )?;
        Ok(Named { asset, payment_token, funding, snapshot, ever_held })
    }

    async fn ever_held(&self, app: &App, actor: &Actor) -> Result<Vec<bool>, PeerError> {
        let Some(asset) = self.asset else { return Ok(Vec::new()) };
        let now_ns = app.now_ns();
        let questions = self.accounts.iter().copied().map(|(_, account)| {
            async move {
                match app.holders.ever_held(actor, asset, account, now_ns).await {
                    // That the asset is not known is said by its own service.
                    Err(error) if error.is("ASSET_NOT_FOUND") => Ok(true),
                    answer => answer,
                }
            }
            .boxed()
        });
        stream::iter(questions).buffered(QUESTIONS_AHEAD).try_collect().await
    }

    fn check_against(&self, named: &Named, violations: &mut FieldViolations) {
        if let (Some(kind), Some(asset)) = (self.kind, &named.asset)
            && !kind.fits(asset.asset_type)
        {
            let asset = asset.asset_type.as_str();
            if kind == Kind::Redemption {
                let words = format!("only a bond is redeemed, and this asset is of type {asset}");
                violations.add("asset_id", "NOT_A_BOND", words);
            } else {
                let words = format!("{} does not fit an asset of type {asset}", kind.as_str());
                violations.add("kind", "KIND_DOES_NOT_FIT", words);
            }
        }
        if let Some(snapshot) = &named.snapshot {
            self.check_snapshot(snapshot, violations);
        }
        for (place, (account, treatment)) in self.decisions.iter().enumerate() {
            if *treatment == Treatment::Pay && named.never_paid(*account) {
                let field = format!("holder_decisions[{place}].treatment");
                violations.add(field, "NEVER_PAID", "this account is never paid; HOLD or EXCLUDE it");
            }
        }
        for ((place, account), held) in self.accounts.iter().zip(&named.ever_held) {
            let field = format!("accounts[{place}]");
            if named.never_paid(*account) {
                violations.add(field, "NEVER_PAID", "this account is never paid");
            } else if !held {
                let words =
                    "no sync ever saw this account hold the asset; sync the holders if it came just now";
                violations.add(field, "NOT_A_HOLDER", words);
            }
        }
    }

    fn check_snapshot(&self, snapshot: &SnapshotStatus, violations: &mut FieldViolations) {
        if self.asset.is_some_and(|asset| asset != snapshot.asset()) {
            violations.add("snapshot_id", "OTHER_ASSET", "this snapshot is of another asset's holders");
        }
        match snapshot {
            SnapshotStatus::Ready(facts) => {
                if self.record_time_ns.is_some_and(|time| time != facts.record_time_ns) {
                    let words = "leave it out, or give the snapshot's own record time";
                    violations.add("record_time", "RECORD_TIME_DIFFERS", words);
                }
            }
            SnapshotStatus::Running { .. } | SnapshotStatus::Failed { .. } => {
                violations.add("snapshot_id", "SNAPSHOT_NOT_READY", "only a READY snapshot can be reused");
            }
        }
    }

    /// With every field read and fitting. Nothing stands against it, or that is the error.
    fn into_terms(self, app: &App, named: Named) -> Result<Checked, Error> {
        const NOTED: &str = "what is missing was noted as a violation";
        let (id, code) = (self.asset.expect(NOTED), self.payment_token.expect(NOTED));
        let funding_account = self.funding_account.expect(NOTED);
        let asset = named.asset.ok_or(Error::AssetNotFound(id))?;
        let funding = named.funding.ok_or(Error::FundingAccountNotFound(funding_account))?;
        let reused = match (self.snapshot, named.snapshot) {
            (None, _) => None,
            (Some(_), Some(SnapshotStatus::Ready(facts))) => Some(facts),
            (Some(id), _) => return Err(Error::SnapshotNotFound(id)),
        };
        if asset.paused {
            return Err(Error::AssetPaused(id));
        }
        let not_accepted = || Error::PaymentTokenNotAccepted(code.to_string());
        let token = named.payment_token.ok_or_else(not_accepted)?;
        let rule = match &asset.bond {
            Some(bond) if self.kind == Some(Kind::Redemption) => {
                principal(app, id, bond, &code, token.decimals)?
            }
            bond => match self.rule.expect(NOTED) {
                AskedRule::Whole(rule) => rule,
                AskedRule::PercentOfNominal(percent) => {
                    percent_of_nominal(percent, bond.as_ref(), &code, token.decimals)?
                }
            },
        };
        let own = || SnapshotChoice::Own(SnapshotId::new(app.ids.as_ref()));
        let record_time_ns = reused.map(|facts| facts.record_time_ns).or(self.record_time_ns);
        let source = FromHolders {
            asset: id,
            accounts: self.accounts.into_iter().map(|(_, account)| account).collect(),
            rule,
            deductions: self.deductions,
            record_time_ns: record_time_ns.unwrap_or_else(|| app.now_ns()),
            snapshot: reused.map_or_else(own, |facts| SnapshotChoice::Reused(facts.id)),
            decisions: self.decisions.into_iter().collect(),
            execute_now: self.execute_now,
        };
        let terms = Terms {
            label: self.label.expect(NOTED),
            kind: self.kind.expect(NOTED),
            source,
            payment_token: code,
            payment_decimals: token.decimals,
            funding_account,
            parties: Parties {
                treasury: asset.treasury,
                funding: funding.account,
                fee_payer: funding.fee_payer,
            },
            batch_size: self.batch_size.expect(NOTED),
            parallelism: self.parallelism.expect(NOTED),
            retry: self.retry.expect(NOTED),
        };
        Ok(Checked { terms, reused })
    }
}

/// What a whole token of a bond is owed, when it is due and can be paid exactly in this token.
fn principal(
    app: &App,
    asset: AssetId,
    bond: &Bond,
    token: &AssetCode,
    decimals: u8,
) -> Result<AmountRule, Error> {
    // Moments are compared, so that no time zone has a say.
    if app.now_ns() < bond.maturity_ns {
        return Err(Error::BondNotMatured { asset, maturity_ns: bond.maturity_ns });
    }
    let rate = bond.principal(token, decimals).map_err(|refused| not_payable(token, refused))?;
    Ok(AmountRule::PerToken(rate))
}

/// A percentage of a bond's nominal value as it is now.
fn percent_of_nominal(
    percent: Decimal,
    bond: Option<&Bond>,
    token: &AssetCode,
    decimals: u8,
) -> Result<AmountRule, Error> {
    let field = "amount_rule.percent_of_value.value_per_token";
    let Some(bond) = bond else {
        let words = "only a bond has a nominal value; say what a whole token is worth";
        return Err(Problem::field(field, REQUIRED, words).into());
    };
    let value = bond.value(token, decimals).map_err(|refused| not_payable(token, refused))?;
    if rate_of(percent, value).is_err() {
        return Err(Problem::field(field, OUT_OF_RANGE, "percent / 100 x value has too many digits").into());
    }
    Ok(AmountRule::PercentOfValue { percent, value })
}

fn not_payable(token: &AssetCode, refused: NotPayable) -> Problem {
    match refused {
        NotPayable::OtherCurrency { nominal } => {
            let words =
                format!("the nominal value is stated in {nominal}, which {token} is not and stands not for");
            Problem::field("payment_token", "NOT_THE_BONDS_CURRENCY", words)
        }
        NotPayable::NotExact { nominal, decimals } => {
            let words =
                format!("the nominal value {nominal} has more than the payment token's {decimals} decimals");
            Problem::field("payment_token", "NOMINAL_NOT_EXACT", words)
        }
    }
}

impl Named {
    /// Whether this account can never be paid, as far as the parties are known.
    fn never_paid(&self, account: Account) -> bool {
        let treasury = self.asset.as_ref().map(|asset| asset.treasury);
        let funding = self.funding;
        // Where one is not known, the zero account stands in: it is never paid anyway.
        let parties = Parties {
            treasury: treasury.unwrap_or(Account::ZERO),
            funding: funding.map_or(Account::ZERO, |funding| funding.account),
            fee_payer: funding.map_or(Account::ZERO, |funding| funding.fee_payer),
        };
        never_paid(account, &parties)
    }
}
