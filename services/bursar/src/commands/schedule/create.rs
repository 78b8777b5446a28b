//! `bursar schedule create`.

use proto::distribution::v1::{CreateDistributionRequest, CreateScheduleRequest, ScheduleTerms};

use super::timing::{CatchUp, Flags};
use super::view;
use crate::commands::distribution::terms::What;
use crate::error::CommandError;
use crate::session::Session;

/// Create a schedule: each occurrence becomes a distribution of the balances at its time. `docs/SCHEDULES.md` has the rules.
#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    terms: What,
    #[command(flatten)]
    timing: Flags,
    /// What happens to occurrences that are missed.
    #[arg(long, value_enum)]
    catch_up: CatchUp,
    /// Each distribution is executed by itself; otherwise a person executes it.
    #[arg(long)]
    execute_now: bool,
    /// Only say when it would fall due, and whether it could be saved.
    #[arg(long)]
    validate_only: bool,
    /// How many of the next occurrences to say, with --validate-only.
    #[arg(long, value_name = "N", default_value_t = 10)]
    next: u32,
}

impl Create {
    /// Creates it and prints it; or prints its next occurrences.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let timing = self.timing.whole()?;
        let terms =
            ScheduleTerms { execute_now: self.execute_now, ..terms_of(self.terms.request(session).await?) };
        let request = CreateScheduleRequest {
            terms: Some(terms),
            timing: Some(timing),
            catch_up: self.catch_up.to_proto().into(),
            validate_only: self.validate_only,
            preview_count: self.next,
        };
        let answer = session.edge.schedules().create_schedule(request).await?.into_inner();
        if self.validate_only {
            return view::occurrences(session, &answer.next_occurrences);
        }
        view::answer(session, answer.schedule.as_ref())
    }
}

/// The terms of a distribution as those of each.
pub fn terms_of(request: CreateDistributionRequest) -> ScheduleTerms {
    ScheduleTerms {
        asset_id: request.asset_id,
        label: request.label,
        kind: request.kind,
        amount_rule: request.amount_rule,
        payment_token: request.payment_token,
        funding_account_id: request.funding_account_id,
        holder_decisions: request.holder_decisions,
        batch_size: request.batch_size,
        parallelism: request.parallelism,
        retry_policy: request.retry_policy,
        execute_now: request.execute_now,
        withholding: request.withholding,
        minimum_amount: request.minimum_amount,
    }
}
