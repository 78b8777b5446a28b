//! `bursar distribution modify`.

use clap::ArgGroup;
use prost_types::Timestamp;
use proto::distribution::v1::{HolderDecisions, Rounding, UpdateDistributionRequest, Withholding};
use proto::r#type::v1::Amount;

use super::amounts::{Currency, Deductions, RULES, Share, base_of, nothing};
use super::create::{self, Waiting};
use super::terms::{Decisions, Paying};
use crate::error::CommandError;
use crate::session::Session;
use crate::time;

/// Change what is not executed yet; it is calculated anew, and whatever was approved is void. What is not given stays as it
/// is.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("amount").args(RULES))]
pub struct Modify {
    /// The distribution ("dst_…").
    distribution_id: String,
    /// What people call it.
    #[arg(long)]
    label: Option<String>,
    #[command(flatten)]
    share: Share,
    #[command(flatten)]
    deductions: Deductions,
    /// Withhold nothing any more.
    #[arg(long, conflicts_with_all = ["withhold", "withhold_rates", "withhold_rounding"])]
    no_withholding: bool,
    /// Pay everything, however little.
    #[arg(long, conflicts_with = "minimum")]
    no_minimum: bool,
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
        let currency = self.payment_token.as_deref().map_or(Currency::Same(&read), Currency::Token);
        let before = base_of(read.amount_rule.as_ref());
        let amount_rule = self.share.rule(session, currency, before).await?;
        let withholding = self.withholding(read.withholding.as_ref())?;
        let minimum_amount = self.minimum(session, currency).await?;
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
            withholding,
            minimum_amount,
        };
        let answer = session.edge.distributions().update_distribution(request).await?.into_inner();
        let changed = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        self.waiting.show(session, changed).await
    }

    /// What is withheld from now on; none when it stays as it is.
    fn withholding(&self, before: Option<&Withholding>) -> Result<Option<Withholding>, CommandError> {
        if self.no_withholding {
            return Ok(Some(nothing(Rounding::Down)));
        }
        self.deductions.withholding(before)
    }

    /// The minimum from now on; none when it stays as it is.
    async fn minimum(
        &self,
        session: &Session,
        currency: Currency<'_>,
    ) -> Result<Option<Amount>, CommandError> {
        if self.no_minimum {
            return Deductions::none().minimum(session, currency).await;
        }
        self.deductions.minimum(session, currency).await
    }
}
