//! What a distribution is to be, as typed: shared by `preview` and `create`, and by schedules.

use clap::ArgGroup;
use prost_types::Timestamp;
use proto::distribution::v1::{
    CreateDistributionRequest, DistributionKind, HolderDecision, HolderTreatment, PoolBase,
};
use proto::execution::v1::RetryPolicy;

use super::amounts::{Currency, Deductions, RULES, Share};
use crate::error::CommandError;
use crate::session::Session;
use crate::time;

/// What is to be paid to whom, and by which balances.
#[derive(Debug, clap::Args)]
pub(super) struct Terms {
    #[command(flatten)]
    what: What,
    /// Balances at or before this time (2026-11-20T12:00:00Z); now when absent.
    #[arg(long, value_name = "TIME", value_parser = time::parse, conflicts_with = "snapshot")]
    record_time: Option<Timestamp>,
    /// A snapshot to use again ("snp_…"); a new one is taken when absent.
    #[arg(long, value_name = "ID", default_value = "")]
    snapshot: String,
}

/// What is to be paid to whom.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("amount").required(true).args(RULES))]
pub(in crate::commands) struct What {
    /// The asset whose holders are paid ("ast_…").
    #[arg(long, value_name = "ID")]
    asset: String,
    /// What people call it.
    #[arg(long)]
    label: String,
    /// What it is for.
    #[arg(long, value_enum)]
    kind: Kind,
    #[command(flatten)]
    share: Share,
    #[command(flatten)]
    deductions: Deductions,
    /// In what: "hbar" or the id of an accepted token ("0.0.456858").
    #[arg(long, value_name = "TOKEN")]
    payment_token: String,
    /// Where the money comes from ("fnd_…").
    #[arg(long, value_name = "ID")]
    funding: String,
    #[command(flatten)]
    decisions: Decisions,
    #[command(flatten)]
    paying: Paying,
}

/// What happens with single holders.
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Decisions {
    /// Pay this account although it would be held; repeat for several.
    #[arg(long, value_name = "ACCOUNT")]
    pay: Vec<String>,
    /// Count this account and do not pay it; repeat for several.
    #[arg(long, value_name = "ACCOUNT")]
    hold: Vec<String>,
    /// Neither count nor pay this account; repeat for several.
    #[arg(long, value_name = "ACCOUNT")]
    exclude: Vec<String>,
}

/// How it is paid.
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Paying {
    /// Payouts per batch; 100 when absent.
    #[arg(long, default_value_t = 0)]
    pub(in crate::commands) batch_size: u32,
    /// Batches worked on at the same time; one after another when absent.
    #[arg(long, default_value_t = 0)]
    pub(in crate::commands) parallelism: u32,
    #[command(flatten)]
    retry: Retry,
}

/// Which failures are tried again by themselves, how often and when.
#[derive(Debug, clap::Args)]
struct Retry {
    /// Automatic attempts per payout in all; 5 when absent.
    #[arg(long, default_value_t = 0)]
    max_attempts: u32,
    /// The same for a payee who must change something first; 1 when absent, so that it waits for a person.
    #[arg(long, default_value_t = 0, value_name = "N")]
    recipient_max_attempts: u32,
    /// Milliseconds before the second attempt; a second when absent.
    #[arg(long = "retry-base-ms", value_name = "MS")]
    base_ms: Option<u32>,
    /// Most milliseconds between two attempts; five minutes when absent.
    #[arg(long = "retry-cap-ms", value_name = "MS")]
    cap_ms: Option<u32>,
    /// How much longer each wait is than the one before, in hundredths, 100 to 1000; 200 when absent.
    #[arg(long = "retry-factor", default_value_t = 0, value_name = "N")]
    factor: u32,
    /// How much of a wait chance takes away at most, in percent; 50 when absent.
    #[arg(long = "retry-jitter", value_name = "PERCENT")]
    jitter: Option<u32>,
}

impl Decisions {
    /// As a request has them.
    pub(in crate::commands) fn into_proto(self) -> Vec<HolderDecision> {
        let decided = [
            (self.pay, HolderTreatment::Pay),
            (self.hold, HolderTreatment::Hold),
            (self.exclude, HolderTreatment::Exclude),
        ];
        let decisions = decided.into_iter().flat_map(|(accounts, treatment)| {
            accounts.into_iter().map(move |account| HolderDecision { account, treatment: treatment.into() })
        });
        decisions.collect()
    }
}

impl Paying {
    /// As a request has it; absent for the defaults.
    pub(in crate::commands) fn retry_policy(&self) -> Option<RetryPolicy> {
        let millis = |ms: u32| prost_types::Duration {
            seconds: i64::from(ms / 1000),
            nanos: i32::try_from(ms % 1000 * 1_000_000).expect("below a second"),
        };
        let retry = &self.retry;
        let policy = RetryPolicy {
            max_attempts: retry.max_attempts,
            base: retry.base_ms.map(millis),
            cap: retry.cap_ms.map(millis),
            factor_hundredths: retry.factor,
            jitter_percent: retry.jitter,
            recipient_max_attempts: retry.recipient_max_attempts,
        };
        (policy != RetryPolicy::default()).then_some(policy)
    }
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    Dividend,
    Coupon,
    Custom,
}

impl Terms {
    /// The request for them.
    pub(super) async fn request(self, session: &Session) -> Result<CreateDistributionRequest, CommandError> {
        let (record_time, snapshot_id) = (self.record_time, self.snapshot);
        Ok(CreateDistributionRequest { record_time, snapshot_id, ..self.what.request(session).await? })
    }
}

impl What {
    /// The request for it; asks for the payment token's decimals where amounts were typed.
    pub(in crate::commands) async fn request(
        self,
        session: &Session,
    ) -> Result<CreateDistributionRequest, CommandError> {
        let currency = Currency::Token(&self.payment_token);
        let amount_rule = self.share.rule(session, currency, PoolBase::EligibleHolders).await?;
        let minimum_amount = self.deductions.minimum(session, currency).await?;
        Ok(CreateDistributionRequest {
            asset_id: self.asset,
            label: self.label,
            kind: self.kind.to_proto().into(),
            amount_rule,
            payment_token: self.payment_token,
            funding_account_id: self.funding,
            record_time: None,
            snapshot_id: String::new(),
            holder_decisions: self.decisions.into_proto(),
            batch_size: self.paying.batch_size,
            parallelism: self.paying.parallelism,
            retry_policy: self.paying.retry_policy(),
            execute_now: false,
            validate_only: false,
            change_threshold_ppm: 0,
            withholding: self.deductions.withholding(None)?,
            minimum_amount,
        })
    }
}

impl Kind {
    fn to_proto(self) -> DistributionKind {
        match self {
            Kind::Dividend => DistributionKind::Dividend,
            Kind::Coupon => DistributionKind::Coupon,
            Kind::Custom => DistributionKind::Custom,
        }
    }
}
