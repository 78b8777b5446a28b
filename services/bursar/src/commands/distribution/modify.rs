//! `bursar distribution modify`.

use clap::ArgGroup;
use prost_types::Timestamp;
use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    AmountRule, Distribution, HolderDecisions, Pool, PoolBase, UpdateDistributionRequest,
};
use proto::r#type::v1::Amount;

use super::create::{self, Waiting};
use super::terms::{Base, Decisions, Paying, pool_amount};
use crate::error::CommandError;
use crate::session::Session;
use crate::time;

/// Change what is not executed yet; it is calculated anew, and whatever was approved is void. What is not given stays as it
/// is.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("amount").args(["pool", "per_token"]))]
pub struct Modify {
    /// The distribution ("dst_…").
    distribution_id: String,
    /// What people call it.
    #[arg(long)]
    label: Option<String>,
    /// A sum to split pro rata, as in 1000000.50.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pool: Option<String>,
    /// Over what the pool is split; as before when absent.
    #[arg(long, value_enum, requires = "pool")]
    base: Option<Base>,
    /// Whole payment tokens per whole token held, as in 0.125.
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    per_token: Option<String>,
    /// In what: "hbar" or the id of an accepted token ("0.0.456858").
    #[arg(long, value_name = "TOKEN", requires = "amount")]
    payment_token: Option<String>,
    /// Where the money comes from ("fnd_…").
    #[arg(long, value_name = "ID")]
    funding: Option<String>,
    /// Balances at or before this time (2026-11-20T12:00:00Z).
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    record_time: Option<Timestamp>,
    #[command(flatten)]
    decisions: Decisions,
    /// Decide on no holder any more.
    #[arg(long, conflicts_with_all = ["pay", "hold", "exclude"])]
    no_decisions: bool,
    #[command(flatten)]
    paying: Paying,
    /// Whether it is executed by itself.
    #[arg(long, value_name = "BOOL")]
    execute_now: Option<bool>,
    /// The version of its terms that is changed; the one of now when absent.
    #[arg(long)]
    version: Option<u32>,
    #[command(flatten)]
    waiting: Waiting,
}

impl Modify {
    /// Reads it, changes it, waits for the calculation, and prints it. Where somebody changed it in between, nothing is
    /// changed.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let read = create::get(&session.edge, &self.distribution_id).await?;
        let amount_rule = self.amount_rule(session, &read).await?;
        let decisions = self.decisions.into_proto();
        let given = self.no_decisions || !decisions.is_empty();
        let request = UpdateDistributionRequest {
            distribution_id: self.distribution_id,
            version: self.version.unwrap_or(read.version),
            label: self.label,
            amount_rule,
            payment_token: self.payment_token,
            funding_account_id: self.funding,
            record_time: self.record_time,
            holder_decisions: given.then_some(HolderDecisions { decisions }),
            batch_size: (self.paying.batch_size > 0).then_some(self.paying.batch_size),
            parallelism: (self.paying.parallelism > 0).then_some(self.paying.parallelism),
            retry_policy: self.paying.retry_policy(),
            execute_now: self.execute_now,
            withholding: None,
            minimum_amount: None,
        };
        let answer = session.edge.distributions().update_distribution(request).await?.into_inner();
        let changed = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        self.waiting.show(session, changed).await
    }

    async fn amount_rule(
        &self,
        session: &Session,
        read: &Distribution,
    ) -> Result<Option<AmountRule>, CommandError> {
        let rule = match (&self.pool, &self.per_token) {
            (Some(pool), _) => {
                let amount = match &self.payment_token {
                    Some(token) => pool_amount(session, pool, token).await?,
                    None => same_token(read, pool)?,
                };
                let base = self.base.map_or_else(|| base_of(read), Base::to_proto);
                Rule::Pool(Pool { amount: Some(amount), base: base.into() })
            }
            (None, Some(rate)) => Rule::PerToken(rate.clone()),
            (None, None) => return Ok(None),
        };
        Ok(Some(AmountRule { rule: Some(rule) }))
    }
}

/// The amount that was typed, in smallest units of what is paid anyway.
fn same_token(read: &Distribution, text: &str) -> Result<Amount, CommandError> {
    let decimals = u8::try_from(read.payment_decimals);
    let decimals = decimals.map_err(|_| CommandError::Unexpected("too many decimals".to_owned()))?;
    let units = money::parse_units(text, decimals)
        .map_err(|error| CommandError::input(format!("--pool {text:?} {error}")))?;
    Ok(Amount { units: units.to_string(), asset: read.payment_token.clone() })
}

/// Over what a pool was split before.
fn base_of(read: &Distribution) -> PoolBase {
    match read.amount_rule.as_ref().and_then(|rule| rule.rule.as_ref()) {
        Some(Rule::Pool(pool)) => pool.base(),
        Some(Rule::PerToken(_) | Rule::PerHolder(_) | Rule::PercentOfValue(_)) | None => {
            PoolBase::EligibleHolders
        }
    }
}
