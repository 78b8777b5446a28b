//! `bursar schedule update`.

use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    AmountRule, GetScheduleRequest, Pool, PoolBase, Schedule, ScheduleTerms, UpdateScheduleRequest,
};

use super::timing::{CatchUp, Flags};
use super::view;
use crate::commands::distribution::terms::pool_amount;
use crate::error::CommandError;
use crate::session::Session;

/// Change what comes next; what has fired stays. What is not given stays as it is.
#[derive(Debug, clap::Args)]
pub struct Update {
    /// The schedule ("sch_…").
    schedule_id: String,
    /// What people call it.
    #[arg(long)]
    label: Option<String>,
    /// A sum to split pro rata, as in 1000000.50; over what, stays as it is.
    #[arg(long, value_name = "AMOUNT", conflicts_with = "per_token")]
    pool: Option<String>,
    /// Whole payment tokens per whole token held, as in 0.125.
    #[arg(long, value_name = "RATE")]
    per_token: Option<String>,
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
        let amount_rule = match (self.pool, self.per_token) {
            (Some(pool), _) => Some(Rule::Pool(Pool {
                amount: Some(pool_amount(session, &pool, &before.payment_token).await?),
                base: base(&before).into(),
            })),
            (None, Some(rate)) => Some(Rule::PerToken(rate)),
            (None, None) => None,
        };
        let terms = ScheduleTerms {
            label: self.label.unwrap_or_else(|| before.label.clone()),
            amount_rule: amount_rule
                .map(|rule| AmountRule { rule: Some(rule) })
                .or_else(|| before.amount_rule.clone()),
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

/// Over what a pool was split before.
fn base(terms: &ScheduleTerms) -> PoolBase {
    match terms.amount_rule.as_ref().and_then(|rule| rule.rule.as_ref()) {
        Some(Rule::Pool(pool)) => pool.base(),
        Some(Rule::PerToken(_) | Rule::PerHolder(_) | Rule::PercentOfValue(_)) | None => {
            PoolBase::EligibleHolders
        }
    }
}
