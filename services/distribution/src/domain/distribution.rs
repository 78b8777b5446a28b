//! The decision to pay an asset's holders, or a list of payees.

use std::collections::BTreeSet;
use std::time::Duration;

use ids::{AssetId, DistributionId, FundingAccountId, RunId, SnapshotId, Uuid};
use money::AssetCode;

use super::account::Account;
use super::approval::Request;
use super::calculation::{AmountRule, Totals};
use super::deduction::Deductions;
use super::kind::{Duty, Kind};
use super::state::{Action, Next, NotAllowed, State};
use super::treatment::{Decisions, Parties};

/// Which failures execution tries again by itself, how often and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts per payout in all while they fail with class RETRYABLE, 1 to 20.
    pub max_attempts: u32,
    /// Wait before the second attempt.
    pub base: Duration,
    /// Longest wait.
    pub cap: Duration,
    /// How much longer each later wait is, in hundredths: 100 to 1000.
    pub factor_hundredths: u32,
    /// How much of each wait chance takes away at most, in percent: 0 to 100.
    pub jitter_percent: u32,
    /// Attempts per payout in all while it fails alone with class RECIPIENT, 1 to 20.
    pub recipient_max_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            base: Duration::from_secs(1),
            cap: Duration::from_mins(5),
            factor_hundredths: 200,
            jitter_percent: 50,
            recipient_max_attempts: 1,
        }
    }
}

/// What was decided. A version of them never changes; until the distribution is executed they can be replaced by another.
/// `S` is where the entitlements come from, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms<S = Source> {
    /// What people call it.
    pub label: String,
    /// What it is for.
    pub kind: Kind,
    /// Where the entitlements come from.
    pub source: S,
    /// In what.
    pub payment_token: AssetCode,
    /// Decimals of one whole payment token.
    pub payment_decimals: u8,
    /// Where the money comes from.
    pub funding_account: FundingAccountId,
    /// Accounts with a part in it.
    pub parties: Parties,
    /// Payouts per batch.
    pub batch_size: u32,
    /// Batches worked on at the same time.
    pub parallelism: u32,
    /// How failures are tried again.
    pub retry: RetryPolicy,
}

/// Where entitlements come from; what a distribution is for says nothing about that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// From what holders of an asset have.
    Holders(Box<FromHolders>),
    /// From a list that is stored with the distribution: see `store/listed_payees.rs`. It is paid when somebody executes it,
    /// never by itself.
    List(FromList),
}

/// Entitlements by balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FromHolders {
    /// Whose holders.
    pub asset: AssetId,
    /// Of a redemption by holder, whose holdings; all when empty, and for all other kinds.
    pub accounts: BTreeSet<Account>,
    /// How much each holder gets.
    pub rule: AmountRule,
    /// What comes off before it is paid.
    pub deductions: Deductions,
    /// The record time asked for, in nanoseconds since the epoch.
    pub record_time_ns: i64,
    /// Which balances.
    pub snapshot: SnapshotChoice,
    /// People's decisions on holders.
    pub decisions: Decisions,
    /// Executed by itself as soon as it is calculated.
    pub execute_now: bool,
}

/// Entitlements that were written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FromList {
    /// The asset whose holders they are; none of kind LIST.
    pub asset: Option<AssetId>,
    /// The distribution whose unpaid payouts they replace.
    pub rerun_of: Option<DistributionId>,
}

impl From<FromHolders> for Source {
    fn from(holders: FromHolders) -> Self {
        Self::Holders(Box::new(holders))
    }
}

impl<S> Terms<S> {
    /// The same with entitlements from elsewhere.
    pub(crate) fn with_source<T>(&self, source: T) -> Terms<T> {
        Terms {
            label: self.label.clone(),
            kind: self.kind,
            source,
            payment_token: self.payment_token.clone(),
            payment_decimals: self.payment_decimals,
            funding_account: self.funding_account,
            parties: self.parties,
            batch_size: self.batch_size,
            parallelism: self.parallelism,
            retry: self.retry,
        }
    }
}

impl From<Terms<FromHolders>> for Terms {
    fn from(terms: Terms<FromHolders>) -> Self {
        terms.with_source(terms.source.clone().into())
    }
}

impl Terms {
    /// The asset it is for, whose pause holds it; none of kind LIST.
    pub(crate) const fn asset(&self) -> Option<AssetId> {
        match &self.source {
            Source::Holders(holders) => Some(holders.asset),
            Source::List(list) => list.asset,
        }
    }

    /// The asset of which it reserves and redeems holdings; none when it does not.
    pub(crate) const fn redeems(&self) -> Option<AssetId> {
        match (self.kind, &self.source) {
            (Kind::Redemption, Source::Holders(holders)) => Some(holders.asset),
            (Kind::Redemption, Source::List(_))
            | (Kind::Dividend | Kind::Coupon | Kind::Custom | Kind::List, _) => None,
        }
    }

    /// The distribution whose unpaid payouts it replaces.
    pub(crate) const fn rerun_of(&self) -> Option<DistributionId> {
        match &self.source {
            Source::Holders(_) => None,
            Source::List(list) => list.rerun_of,
        }
    }

    /// Whether it is executed by itself as soon as it is calculated.
    pub(crate) const fn execute_now(&self) -> bool {
        match &self.source {
            Source::Holders(holders) => holders.execute_now,
            Source::List(_) => false,
        }
    }
}

/// Which snapshot the entitlements are calculated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SnapshotChoice {
    /// One that is taken for it; the id is minted and committed with it, which makes asking repeatable.
    Own(SnapshotId),
    /// One that was taken before.
    Reused(SnapshotId),
}

impl SnapshotChoice {
    /// The snapshot, either way.
    pub(crate) const fn id(self) -> SnapshotId {
        match self {
            Self::Own(id) | Self::Reused(id) => id,
        }
    }
}

/// Facts of a snapshot that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotFacts {
    /// Which.
    pub id: SnapshotId,
    /// Whose holders.
    pub asset: AssetId,
    /// The record time it was asked for, in nanoseconds since the epoch.
    pub record_time_ns: i64,
    /// The network's time of its balances, in nanoseconds since the epoch.
    pub consensus_ns: i64,
    /// How many holders it has.
    pub holder_count: u64,
    /// Sum of all balances in smallest units.
    pub total_balance: u128,
    /// The token's total supply in the snapshot's state, in smallest units.
    pub total_supply: u128,
    /// Decimals of one whole token.
    pub decimals: u8,
}

/// Frozen balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Balances {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The network's time of them, in nanoseconds since the epoch.
    pub consensus_ns: i64,
}

/// A calculation that counts: there is at most one per version of a distribution's terms, and it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entitlements {
    /// Which attempt to calculate it was; its rows carry this id, those of attempts that were cut off carry others.
    pub calculation: Uuid,
    /// The balances it was calculated from; none where it was a list.
    pub balances: Option<Balances>,
    /// What it comes to.
    pub totals: Totals,
    /// Root over all payees' entitlements.
    pub root: [u8; 32],
    /// How many people have to approve it, by the policy in force when it was stored.
    pub approvers: u8,
}

/// That somebody changed the terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Amendment {
    /// The version that it made.
    pub version: u32,
    /// The fields that it changed.
    pub changed: Vec<String>,
    /// Who.
    pub by: String,
    /// When, in nanoseconds since the epoch.
    pub at_ns: i64,
}

/// What execution last said of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunReport {
    /// Its progress as execution encoded it: shown, never decided on.
    pub progress: Vec<u8>,
    /// How many payouts are proven unpaid.
    pub failed_payouts: u64,
}

/// A distribution and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Its id.
    pub id: DistributionId,
    /// Its one run; minted and committed with it, so that a second start is the first.
    pub run: RunId,
    /// What was decided, as it is in force.
    pub terms: Terms,
    /// Which version of the terms that is, from 1.
    pub terms_version: u32,
    /// How they came to be so, oldest first.
    pub amendments: Vec<Amendment>,
    /// Who created it.
    pub created_by: String,
    /// When, in nanoseconds since the epoch.
    pub created_ns: i64,
    /// Where it stands.
    pub state: State,
    /// Rises with every change that can be seen.
    pub version: i64,
    /// Why it was cancelled; empty when it was not, or nothing was said.
    pub cancel_reason: String,
    /// When it was executed, in nanoseconds since the epoch.
    pub executed_ns: Option<i64>,
    /// What the calculation came to.
    pub entitlements: Option<Entitlements>,
    /// What execution last said.
    pub report: Option<RunReport>,
    /// What approvers were asked for, oldest first.
    pub requests: Vec<Request>,
}

impl Distribution {
    /// What approvers are asked for as it is now: the last of this version of the terms.
    pub(crate) fn request(&self) -> Option<&Request> {
        self.requests.last().filter(|request| request.terms_version == self.terms_version)
    }

    /// Whether something is to be given back when it ends with payouts proven unpaid for ever: a redemption's holdings, the
    /// references of a file, or what it brings forward.
    pub(crate) fn reserves(&self) -> bool {
        let brings = self.entitlements.is_some_and(|result| result.totals.brought > 0);
        brings || self.terms.redeems().is_some() || self.terms.kind == Kind::List
    }

    /// Whether its cancel gave back the references of its file: whoever is unpaid comes again in another file, and must not
    /// be paid by a rerun too. A rerun has no references of its own.
    pub(crate) fn gave_back(&self) -> bool {
        let of_file = self.terms.kind == Kind::List && self.terms.rerun_of().is_none();
        of_file && matches!(self.state, State::Cancelled { .. })
    }

    /// Whether an action that its state allows is one for it: the terms of a redemption do not change, they are the bond's,
    /// and its unpaid payouts stay reserved by it; what was never handed over has no payouts to run again.
    pub(crate) fn offers(&self, action: Action) -> bool {
        let payout = self.terms.kind.duty() == Duty::Payout;
        match action {
            Action::Modify => payout,
            Action::Rerun => payout && self.report.is_some() && !self.gave_back(),
            Action::Execute
            | Action::Retry
            | Action::Cancel
            | Action::Approve
            | Action::Reject
            | Action::RetryPayouts => true,
        }
    }

    /// What a person can do with it now.
    pub(crate) fn allowed_actions(&self) -> Vec<Action> {
        let allowed = self.state.allowed_actions().into_iter();
        allowed.filter(|action| self.offers(*action)).collect()
    }

    /// What a person's action comes to at this time.
    pub(crate) fn act(&self, action: Action, now_ns: i64) -> Result<Next, NotAllowed> {
        let refused = |refused| NotAllowed { allowed: self.allowed_actions(), ..refused };
        self.state.act(action, now_ns).map_err(refused)
    }
}
