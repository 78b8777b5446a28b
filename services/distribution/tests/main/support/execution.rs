//! The execution service: it checks what it is handed like the real one, and pays nobody.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use proto::execution::v1 as pb;
use proto::execution::v1::execution_service_server::ExecutionService;
use proto::execution::v1::funding_account_service_server::FundingAccountService;
use proto::execution::v1::start_run_request::Part;
use proto::r#type::v1::{Failure, FailureClass};
use tonic::{Code, Request, Response, Status, Streaming};

use super::{Handed, Run, World, never_called, refusal};

pub(crate) struct ExecutionNeighbour(pub(crate) World);
pub(crate) struct FundingNeighbour(pub(crate) World);

fn message(id: &str, run: &Run) -> pb::Run {
    let tally = |payouts: u64| Some(pb::Tally { payouts, units: payouts.to_string() });
    let paid = u64::from(run.header.count) - run.failed;
    let progress =
        pb::RunProgress { paid: tally(paid), failed: tally(run.failed), ..pb::RunProgress::default() };
    let halt = Failure {
        reason: "INSUFFICIENT_TOKEN_BALANCE".to_owned(),
        class: FailureClass::Operator.into(),
        hint: "Add funds.".to_owned(),
    };
    pb::Run {
        id: id.to_owned(),
        state: run.state.into(),
        halt: (run.state == pb::RunState::Halted).then_some(halt),
        progress: Some(progress),
        ..pb::Run::default()
    }
}

fn ended(state: pb::RunState) -> bool {
    matches!(state, pb::RunState::Completed | pb::RunState::Failed | pb::RunState::Cancelled)
}

impl ExecutionNeighbour {
    fn known(&self, id: &str) -> Result<pb::Run, Status> {
        let facts = self.0.facts();
        let run = facts.runs.get(id).ok_or_else(|| refusal(Code::NotFound, "RUN_NOT_FOUND"))?;
        Ok(message(id, run))
    }

    /// Stores what was handed over, unless it is there or was cancelled before.
    fn accept(&self, header: pb::RunHeader, instructions: Vec<pb::Instruction>) -> Result<pb::Run, Status> {
        let mut facts = self.0.facts();
        let id = header.run_id.clone();
        if facts.tombstones.contains(&id) {
            facts.handed.push(Handed::Refused(id));
            return Err(refusal(Code::FailedPrecondition, "RUN_CANCELLED"));
        }
        if let Some(run) = facts.runs.get(&id) {
            return Ok(message(&id, run));
        }
        if !header.supersedes_run_id.is_empty() {
            if facts.not_replaceable {
                return Err(refusal(Code::FailedPrecondition, "PREDECESSOR_NOT_REPLACEABLE"));
            }
            let old = facts.runs.get_mut(&header.supersedes_run_id);
            let old = old.ok_or_else(|| refusal(Code::NotFound, "RUN_NOT_FOUND"))?;
            old.failed -= instructions.len() as u64;
            if old.failed == 0 && old.state == pb::RunState::Failed {
                old.state = pb::RunState::Completed;
            }
        }
        let (state, failed) = (facts.run_state, facts.failed);
        let run = Run { header, instructions, state, failed, paid: BTreeSet::new() };
        let answer = message(&id, &run);
        facts.handed.push(Handed::Started(id.clone()));
        facts.runs.insert(id, run);
        if facts.lose_start_answers > 0 {
            facts.lose_start_answers -= 1;
            return Err(Status::unavailable("the answer is lost"));
        }
        Ok(answer)
    }

    fn resolve(&self, addresses: &[String]) -> Result<Response<pb::CheckRecipientsResponse>, Status> {
        if addresses.len() > 1_000 {
            return Err(refusal(Code::InvalidArgument, "INVALID_ARGUMENT"));
        }
        self.0.facts().addresses_asked += addresses.len();
        let check = |address: &String| {
            let number = u64::from_str_radix(&address[40..], 16).unwrap_or_default();
            let problem = (number % 2 == 1).then(|| Failure {
                reason: "ACCOUNT_NOT_FOUND".to_owned(),
                class: FailureClass::Recipient.into(),
                hint: "There is no such account.".to_owned(),
            });
            let account = if problem.is_none() { format!("0.0.{number}") } else { String::new() };
            pb::RecipientCheck { account, problem }
        };
        Ok(Response::new(pb::CheckRecipientsResponse { checks: addresses.iter().map(check).collect() }))
    }
}

/// Everything of a handover, when it is as declared.
async fn receive(
    mut parts: Streaming<pb::StartRunRequest>,
) -> Result<(pb::RunHeader, Vec<pb::Instruction>), Status> {
    let first = parts.message().await?.and_then(|request| request.part);
    let Some(Part::Header(header)) = first else { return Err(refusal(Code::InvalidArgument, "NO_HEADER")) };
    let mut instructions = Vec::new();
    while let Some(request) = parts.message().await? {
        let Some(Part::Instructions(chunk)) = request.part else {
            return Err(refusal(Code::InvalidArgument, "SECOND_HEADER"));
        };
        for instruction in chunk.instructions {
            if instruction.ordinal as usize != instructions.len() {
                return Err(refusal(Code::InvalidArgument, "OUT_OF_ORDER"));
            }
            instructions.push(instruction);
        }
    }
    let total: u128 = instructions.iter().filter_map(|one| one.units.parse::<u128>().ok()).sum();
    if instructions.len() != header.count as usize || total.to_string() != header.total_units {
        return Err(refusal(Code::InvalidArgument, "TOTAL_MISMATCH"));
    }
    Ok((header, instructions))
}

#[tonic::async_trait]
impl ExecutionService for ExecutionNeighbour {
    type WatchRunStream = BoxStream<'static, Result<pb::WatchRunResponse, Status>>;
    type StreamPayoutsStream = BoxStream<'static, Result<pb::StreamPayoutsResponse, Status>>;

    async fn start_run(
        &self,
        request: Request<Streaming<pb::StartRunRequest>>,
    ) -> Result<Response<pb::StartRunResponse>, Status> {
        let (header, instructions) = receive(request.into_inner()).await?;
        let (start, answer) = (Arc::clone(&self.0.before_start), Arc::clone(&self.0.before_answer));
        start.acquire().await.map_err(|_| Status::internal("closed"))?.forget();
        let run = self.accept(header, instructions)?;
        answer.acquire().await.map_err(|_| Status::internal("closed"))?.forget();
        Ok(Response::new(pb::StartRunResponse { run: Some(run) }))
    }

    async fn quote_run(
        &self,
        request: Request<pb::QuoteRunRequest>,
    ) -> Result<Response<pb::QuoteRunResponse>, Status> {
        let facts = self.0.facts();
        Ok(Response::new(pb::QuoteRunResponse {
            expected_fees_tinybars: (u128::from(request.get_ref().count) * 100).to_string(),
            fee_payer_balance_tinybars: facts.fee_balance.to_string(),
            funding_units: facts.funding_units.to_string(),
            required_units: request.get_ref().total_units.clone(),
            account: "0.0.2001".to_owned(),
            fee_payer_account: "0.0.2002".to_owned(),
            hbar_equivalent: 30_000,
            cent_equivalent: 360_000,
            fee_on_receipt: false,
        }))
    }

    /// Everybody whose address ends in an even digit has an account, of the number of its last two digits; whether an account
    /// could be paid is as the test says.
    async fn check_recipients(
        &self,
        request: Request<pb::CheckRecipientsRequest>,
    ) -> Result<Response<pb::CheckRecipientsResponse>, Status> {
        let message = request.into_inner();
        if message.resolve_only {
            return self.resolve(&message.recipients);
        }
        let recipients = message.recipients;
        let mut facts = self.0.facts();
        if facts.checks_left == 0 {
            return Err(refusal(Code::Unavailable, "MIRROR_UNAVAILABLE"));
        }
        facts.checks_left -= 1;
        let check = |account: String| {
            let problem = facts.problems.get(&account).map(|reason| Failure {
                reason: reason.clone(),
                class: FailureClass::Recipient.into(),
                hint: "associate".to_owned(),
            });
            pb::RecipientCheck { account, problem }
        };
        let checks = recipients.into_iter().map(check).collect();
        Ok(Response::new(pb::CheckRecipientsResponse { checks }))
    }

    async fn retry_run(
        &self,
        request: Request<pb::RetryRunRequest>,
    ) -> Result<Response<pb::RetryRunResponse>, Status> {
        let id = request.into_inner().run_id;
        let mut facts = self.0.facts();
        let state = facts.run_state;
        facts.handed.push(Handed::Retried(id.clone()));
        let run = facts.runs.get_mut(&id).ok_or_else(|| refusal(Code::NotFound, "RUN_NOT_FOUND"))?;
        if !matches!(run.state, pb::RunState::Failed | pb::RunState::Halted) {
            return Err(refusal(Code::FailedPrecondition, "RUN_NOT_RETRYABLE"));
        }
        let retried = std::mem::take(&mut run.failed);
        run.state = state;
        let run = Some(message(&id, run));
        Ok(Response::new(pb::RetryRunResponse { run, retried }))
    }

    async fn retry_payouts(
        &self,
        request: Request<pb::RetryPayoutsRequest>,
    ) -> Result<Response<pb::RetryPayoutsResponse>, Status> {
        assert!(request.metadata().contains_key("idempotency-key"), "it may have to be repeated");
        let pb::RetryPayoutsRequest { run_id: id, payout_ids } = request.into_inner();
        let mut facts = self.0.facts();
        let (state, refused) = (facts.run_state, facts.payouts_not_failed);
        facts.handed.push(Handed::RetriedPayouts(payout_ids.clone()));
        let run = facts.runs.get_mut(&id).ok_or_else(|| refusal(Code::NotFound, "RUN_NOT_FOUND"))?;
        if refused {
            return Err(refusal(Code::FailedPrecondition, "PAYOUT_NOT_FAILED"));
        }
        let retried = payout_ids.len() as u64;
        run.failed -= retried;
        if run.state == pb::RunState::Failed {
            run.state = state;
        }
        let run = Some(message(&id, run));
        Ok(Response::new(pb::RetryPayoutsResponse { run, retried }))
    }

    async fn cancel_run(
        &self,
        request: Request<pb::CancelRunRequest>,
    ) -> Result<Response<pb::CancelRunResponse>, Status> {
        let id = request.into_inner().run_id;
        let mut facts = self.0.facts();
        facts.handed.push(Handed::Cancelled(id.clone()));
        let paid = facts.paid_when_cancelled.clone();
        let Some(run) = facts.runs.get_mut(&id) else {
            facts.tombstones.insert(id);
            return Err(refusal(Code::NotFound, "RUN_NOT_FOUND"));
        };
        match run.state {
            pb::RunState::Completed | pb::RunState::Failed => {
                return Err(refusal(Code::FailedPrecondition, "RUN_ENDED"));
            }
            _ => run.state = pb::RunState::Cancelled,
        }
        run.paid = paid;
        let run = Some(message(&id, run));
        Ok(Response::new(pb::CancelRunResponse { run }))
    }

    async fn get_run(
        &self,
        request: Request<pb::GetRunRequest>,
    ) -> Result<Response<pb::GetRunResponse>, Status> {
        let run = self.known(&request.get_ref().run_id)?;
        Ok(Response::new(pb::GetRunResponse { run: Some(run) }))
    }

    async fn watch_run(
        &self,
        request: Request<pb::WatchRunRequest>,
    ) -> Result<Response<Self::WatchRunStream>, Status> {
        let id = request.into_inner().run_id;
        self.known(&id)?;
        let world = self.0.clone();
        let looks = stream::unfold(false, move |over| {
            let (neighbour, id) = (ExecutionNeighbour(world.clone()), id.clone());
            async move {
                if over {
                    return None;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                let run = neighbour.known(&id);
                let over = run.as_ref().map_or(true, |run| ended(run.state()));
                Some((run.map(|run| pb::WatchRunResponse { run: Some(run) }), over))
            }
        });
        Ok(Response::new(looks.boxed()))
    }

    async fn stream_payouts(
        &self,
        request: Request<pb::StreamPayoutsRequest>,
    ) -> Result<Response<Self::StreamPayoutsStream>, Status> {
        let facts = self.0.facts();
        let run = facts.runs.get(&request.get_ref().run_id);
        let run = run.ok_or_else(|| refusal(Code::NotFound, "RUN_NOT_FOUND"))?;
        let first_failed = u64::from(run.header.count) - run.failed;
        let payout = |one: &pb::Instruction| {
            let status = match run.state {
                pb::RunState::Failed if u64::from(one.ordinal) >= first_failed => pb::PayoutStatus::Failed,
                pb::RunState::Failed | pb::RunState::Completed => pb::PayoutStatus::Paid,
                pb::RunState::Cancelled if run.paid.contains(&one.ordinal) => pb::PayoutStatus::Paid,
                pb::RunState::Cancelled => pb::PayoutStatus::Cancelled,
                _ => pb::PayoutStatus::Pending,
            };
            let units = one.units.clone();
            pb::Payout {
                ordinal: one.ordinal,
                status: status.into(),
                recipient: one.recipient.clone(),
                amount: Some(proto::r#type::v1::Amount { units, ..Default::default() }),
                ..pb::Payout::default()
            }
        };
        let payouts: Vec<_> = run.instructions.iter().map(payout).collect();
        let chunks: Vec<_> = payouts
            .chunks(2)
            .map(|chunk| Ok(pb::StreamPayoutsResponse { payouts: chunk.to_vec() }))
            .collect();
        Ok(Response::new(stream::iter(chunks).boxed()))
    }

    never_called! {
        list_runs: pb::ListRunsRequest => pb::ListRunsResponse;
        list_batches: pb::ListBatchesRequest => pb::ListBatchesResponse;
        list_payouts: pb::ListPayoutsRequest => pb::ListPayoutsResponse;
        get_payout: pb::GetPayoutRequest => pb::GetPayoutResponse;
        resolve_in_doubt: pb::ResolveInDoubtRequest => pb::ResolveInDoubtResponse;
    }
}

#[tonic::async_trait]
impl FundingAccountService for FundingNeighbour {
    async fn get_funding_account(
        &self,
        request: Request<pb::GetFundingAccountRequest>,
    ) -> Result<Response<pb::GetFundingAccountResponse>, Status> {
        let id = request.into_inner().funding_account_id;
        if id != self.0.funding.to_string() {
            return Err(refusal(Code::NotFound, "FUNDING_ACCOUNT_NOT_FOUND"));
        }
        let funding_account = pb::FundingAccount {
            id,
            account: "0.0.2001".to_owned(),
            fee_payer_account: "0.0.2002".to_owned(),
            ..pb::FundingAccount::default()
        };
        Ok(Response::new(pb::GetFundingAccountResponse { funding_account: Some(funding_account) }))
    }

    never_called! {
        create_funding_account: pb::CreateFundingAccountRequest => pb::CreateFundingAccountResponse;
        list_funding_accounts: pb::ListFundingAccountsRequest => pb::ListFundingAccountsResponse;
        set_limits: pb::SetLimitsRequest => pb::SetLimitsResponse;
        get_limits: pb::GetLimitsRequest => pb::GetLimitsResponse;
    }
}
