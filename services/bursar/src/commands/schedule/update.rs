//! `bursar schedule update`.

use clap::ArgGroup;
use proto::distribution::v1::{GetScheduleRequest, Schedule, ScheduleTerms, UpdateScheduleRequest};

use super::timing::{CatchUp, Flags};
use super::view;
use crate::commands::distribution::amounts::{Currency, Deductions, RULES, Share, base_of};
use crate::error::CommandError;
use crate::session::Session;

/// Change what comes next; what has fired stays. What is not given stays as it is.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("amount").args(RULES))]
pub struct Update {
    /// The schedule ("sch_…").
    schedule_id: String,
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
    /// Where the money comes from ("fnd_…").
    #[arg(long, value_name = "ID")]
    funding: Option<String>,
    /// Whether each distribution is executed by itself.
    #[arg(long, value_name = "BOOL")]
    execute_now: Option<bool>,
    #[command(flatten)]
    timing: Flags,
    /// What happens to occurrences that are missed.
    #[arg(long, value_enum)]
    catch_up: Option<CatchUp>,
}

impl Update {
    /// Reads it, changes it, and prints it as it is then. Where somebody changed it in between, nothing is changed.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = GetScheduleRequest { schedule_id: self.schedule_id.clone() };
        let read = session.edge.schedules().get_schedule(request).await?.into_inner().schedule;
        let read = read.ok_or(CommandError::missing("schedule"))?;
        let request = self.request(session, read).await?;
        let answer = session.edge.schedules().update_schedule(request).await?.into_inner();
        view::answer(session, answer.schedule.as_ref())
    }

    async fn request(self, session: &Session, read: Schedule) -> Result<UpdateScheduleRequest, CommandError> {
        let before = read.terms.ok_or(CommandError::missing("terms"))?;
        let currency = Currency::Token(&before.payment_token);
        let base = base_of(before.amount_rule.as_ref());
        let amount_rule = self.share.rule(session, currency, base).await?;
        let (withholding, minimum) = (
            self.deductions.withholding(before.withholding.as_ref())?,
            self.deductions.minimum(session, currency).await?,
        );
        let terms = ScheduleTerms {
            label: self.label.unwrap_or_else(|| before.label.clone()),
            amount_rule: amount_rule.or_else(|| before.amount_rule.clone()),
            withholding: withholding.or_else(|| before.withholding.clone()).filter(|_| !self.no_withholding),
            minimum_amount: minimum.or_else(|| before.minimum_amount.clone()).filter(|_| !self.no_minimum),
            funding_account_id: self.funding.unwrap_or_else(|| before.funding_account_id.clone()),
            execute_now: self.execute_now.unwrap_or(before.execute_now),
            ..before.clone()
        };
        let (timing, timing_changed) = self.timing.over(read.timing.unwrap_or_default());
        Ok(UpdateScheduleRequest {
            schedule_id: self.schedule_id,
            version: read.version,
            terms: (terms != before).then_some(terms),
            timing: timing_changed.then_some(timing),
            catch_up: self.catch_up.map(|policy| policy.to_proto().into()).unwrap_or_default(),
        })
    }
}
