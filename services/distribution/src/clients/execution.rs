//! The execution service: funding accounts, and the run that pays.

use auth::Actor;
use futures::{Stream, StreamExt as _};
use ids::{AssetId, DistributionId, FundingAccountId, PayoutId, RunId};
use money::{AssetCode, Units};
use prost::Message as _;
use proto::execution::v1 as pb;
use proto::execution::v1::execution_service_client::ExecutionServiceClient;
use proto::execution::v1::funding_account_service_client::FundingAccountServiceClient;
use proto::execution::v1::start_run_request::Part;
use proto::r#type::v1::{FailureClass as PbClass, Recipient, recipient};
use service_kit::client::Peer;
use service_kit::idempotency::IdempotencyKey;
use tokio::sync::mpsc;
use tonic::transport::Channel;

use super::{PeerError, READ_DEADLINE, STREAM_DEADLINE, WRITE_DEADLINE};
use crate::domain::account::Account;
use crate::domain::distribution::{RetryPolicy, RunReport};
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::preview::Quote;
use crate::domain::redemption::Fate;
use crate::domain::run_news::RunNews;
use crate::store::entitlements::Payee;

/// The accounts behind a funding account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FundingFacts {
    /// The account that is debited.
    pub account: Account,
    /// The account that pays the fees.
    pub fee_payer: Account,
}

/// What a run is, as it is handed over.
#[derive(Clone, Debug)]
pub struct RunHeader {
    /// Its id, minted with the distribution.
    pub run: RunId,
    /// What it pays.
    pub distribution: DistributionId,
    /// The asset whose holders are paid; its pause holds the run. None when it is paid to no asset's holders.
    pub held_asset: Option<AssetId>,
    /// Where the money comes from.
    pub funding_account: FundingAccountId,
    /// What is paid.
    pub asset: AssetCode,
    /// Decimals of one whole unit of it.
    pub decimals: u8,
    /// How many payees.
    pub count: u32,
    /// What they get together.
    pub total: u128,
    /// Root over all of them.
    pub root: [u8; 32],
    /// Payouts per batch.
    pub batch_size: u32,
    /// Batches worked on at the same time.
    pub parallelism: u32,
    /// How failures are tried again.
    pub retry: RetryPolicy,
    /// The run whose unpaid payouts it replaces.
    pub supersedes: Option<RunId>,
}

/// Part of the payees of a run, or that there are no more.
#[derive(Debug)]
pub(crate) enum Handover {
    /// Some, going on where those before ended.
    Payees(Vec<Payee>),
    /// All were handed over.
    End,
}

/// What execution says of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunView {
    /// What it means for the distribution.
    pub news: RunNews,
    /// What is shown of it.
    pub report: RunReport,
}

/// A payout of a run, as far as a rerun is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaidOrNot {
    /// Place in the run.
    pub ordinal: u32,
    /// Who was to be paid.
    pub account: Account,
    /// How much.
    pub units: u128,
    /// Whether it is proven unpaid, and nothing goes on with it by itself.
    pub unpaid: bool,
    /// Where it stands, as the contract calls it.
    pub status: &'static str,
}

/// Calls to the execution service, on behalf of whoever acts.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(super) peer: Peer,
}

impl Execution {
    /// The execution service behind `peer`.
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer }
    }

    pub(super) fn client(&self) -> ExecutionServiceClient<Channel> {
        ExecutionServiceClient::new(self.peer.channel())
    }

    /// The accounts behind a funding account; none when there is no such funding account.
    pub(crate) async fn funding(
        &self,
        actor: &Actor,
        id: FundingAccountId,
    ) -> Result<Option<FundingFacts>, PeerError> {
        let call = "GetFundingAccount";
        let answer = self
            .peer
            .retry_read(|| {
                let message = pb::GetFundingAccountRequest { funding_account_id: id.to_string() };
                let request = self.peer.request(message, actor, READ_DEADLINE);
                let mut client = FundingAccountServiceClient::new(self.peer.channel());
                async move { client.get_funding_account(request).await }
            })
            .await
            .map_err(PeerError::of(&self.peer, call));
        let funding = match answer {
            Err(error) if error.is_not_found() => return Ok(None),
            answer => answer?.into_inner().funding_account,
        };
        let facts = funding.and_then(|funding| {
            let (account, fee_payer) =
                (funding.account.parse().ok()?, funding.fee_payer_account.parse().ok()?);
            Some(FundingFacts { account, fee_payer })
        });
        facts.map(Some).ok_or_else(|| PeerError::malformed(&self.peer, call, "no account"))
    }

    /// What a run would cost, and whether the funds are there.
    pub(crate) async fn quote(
        &self,
        actor: &Actor,
        funding_account: FundingAccountId,
        asset: &AssetCode,
        count: u32,
        total: u128,
    ) -> Result<Quote, PeerError> {
        let call = "QuoteRun";
        let answer = self
            .peer
            .retry_read(|| {
                let message = pb::QuoteRunRequest {
                    funding_account_id: funding_account.to_string(),
                    asset: asset.to_string(),
                    count,
                    total_units: total.to_string(),
                };
                let request = self.peer.request(message, actor, WRITE_DEADLINE);
                let mut client = self.client();
                async move { client.quote_run(request).await }
            })
            .await
            .map_err(PeerError::of(&self.peer, call))?
            .into_inner();
        let quote = || {
            Some(Quote {
                expected_fees: units(&answer.expected_fees_tinybars)?,
                fee_balance: units(&answer.fee_payer_balance_tinybars)?,
                funding: units(&answer.funding_units)?,
                required: units(&answer.required_units)?,
                rate: (answer.hbar_equivalent, answer.cent_equivalent),
                fee_on_receipt: answer.fee_on_receipt,
            })
        };
        quote().ok_or_else(|| PeerError::malformed(&self.peer, call, "an amount that cannot be read"))
    }

    /// The run; none when execution does not have it.
    pub(crate) async fn run(&self, actor: &Actor, id: RunId) -> Result<Option<RunView>, PeerError> {
        let call = "GetRun";
        let answer = self
            .peer
            .retry_read(|| {
                let request =
                    self.peer.request(pb::GetRunRequest { run_id: id.to_string() }, actor, READ_DEADLINE);
                let mut client = self.client();
                async move { client.get_run(request).await }
            })
            .await
            .map_err(PeerError::of(&self.peer, call));
        match answer {
            Err(error) if error.is_not_found() => Ok(None),
            answer => self.view(answer?.into_inner().run, call).map(Some),
        }
    }

    /// Hands a run over; the same again is the same run. When the channel closes before [`Handover::End`], what was
    /// sent is made unusable, so that a run that was broken off is never payable.
    pub(crate) async fn start(
        &self,
        actor: &Actor,
        header: RunHeader,
        payees: mpsc::Receiver<Handover>,
    ) -> Result<RunView, PeerError> {
        let call = "StartRun";
        let parts = futures::stream::once(async move { Part::Header(header.into()) }).chain(handover(payees));
        let messages = parts.map(|part| pb::StartRunRequest { part: Some(part) });
        let request = self.peer.request(messages, actor, STREAM_DEADLINE);
        let answer = self.client().start_run(request).await.map_err(PeerError::of(&self.peer, call))?;
        self.view(answer.into_inner().run, call)
    }

    /// Tries everything again that failed, and resumes a halted run.
    pub(crate) async fn retry(
        &self,
        actor: &Actor,
        id: RunId,
        key: &IdempotencyKey,
    ) -> Result<RunView, PeerError> {
        let message = pb::RetryRunRequest { run_id: id.to_string() };
        let request = self.peer.request_once(message, actor, WRITE_DEADLINE, key);
        let answer = self.client().retry_run(request).await;
        let answer = answer.map_err(PeerError::of(&self.peer, "RetryRun"))?;
        self.view(answer.into_inner().run, "RetryRun")
    }

    /// Tries these payouts again, all or none; the same key again is the same call.
    pub(crate) async fn retry_payouts(
        &self,
        actor: &Actor,
        id: RunId,
        payouts: &[PayoutId],
        key: &IdempotencyKey,
    ) -> Result<(RunView, u64), PeerError> {
        let payout_ids = payouts.iter().map(ToString::to_string).collect();
        let message = pb::RetryPayoutsRequest { run_id: id.to_string(), payout_ids };
        let request = self.peer.request_once(message, actor, WRITE_DEADLINE, key);
        let answer = self.client().retry_payouts(request).await;
        let answer = answer.map_err(PeerError::of(&self.peer, "RetryPayouts"))?.into_inner();
        Ok((self.view(answer.run, "RetryPayouts")?, answer.retried))
    }

    /// Cancels a run: once this has returned, also with `NOT_FOUND`, nothing new of it is sent.
    pub(crate) async fn cancel(
        &self,
        actor: &Actor,
        id: RunId,
        reason: &str,
        key: &IdempotencyKey,
    ) -> Result<RunView, PeerError> {
        let message = pb::CancelRunRequest { run_id: id.to_string(), reason: reason.to_owned() };
        let request = self.peer.request_once(message, actor, WRITE_DEADLINE, key);
        let answer = self.client().cancel_run(request).await;
        let answer = answer.map_err(PeerError::of(&self.peer, "CancelRun"))?;
        self.view(answer.into_inner().run, "CancelRun")
    }

    /// The run, at once and whenever it changes, until it ends or the stream breaks.
    pub(crate) async fn watch(
        &self,
        actor: &Actor,
        id: RunId,
    ) -> Result<impl Stream<Item = Result<RunView, PeerError>> + Send + Unpin + use<>, PeerError> {
        let call = "WatchRun";
        let message = pb::WatchRunRequest { run_id: id.to_string() };
        let request = self.peer.request(message, actor, STREAM_DEADLINE);
        let answer = self.client().watch_run(request).await.map_err(PeerError::of(&self.peer, call))?;
        let this = self.clone();
        Ok(answer.into_inner().map(move |item| {
            let answer = item.map_err(PeerError::of(&this.peer, call))?;
            this.view(answer.run, call)
        }))
    }

    /// Every payout of a run, by ordinal.
    pub(crate) async fn payouts(
        &self,
        actor: &Actor,
        id: RunId,
    ) -> Result<impl Stream<Item = Result<Vec<PaidOrNot>, PeerError>> + Send + Unpin + use<>, PeerError> {
        let call = "StreamPayouts";
        let message = pb::StreamPayoutsRequest { run_id: id.to_string() };
        let request = self.peer.request(message, actor, STREAM_DEADLINE);
        let answer = self.client().stream_payouts(request).await.map_err(PeerError::of(&self.peer, call))?;
        let this = self.clone();
        Ok(answer.into_inner().map(move |item| {
            let chunk = item.map_err(PeerError::of(&this.peer, call))?;
            let payouts: Option<Vec<PaidOrNot>> = chunk.payouts.into_iter().map(paid_or_not).collect();
            payouts.ok_or_else(|| PeerError::malformed(&this.peer, call, "a payout that cannot be read"))
        }))
    }

    /// How each payout of a run stands, by ordinal from 0 without gaps.
    pub(crate) async fn fates(&self, actor: &Actor, id: RunId, count: u32) -> Result<Vec<Fate>, PeerError> {
        let call = "StreamPayouts";
        let wrong = |what| PeerError::malformed(&self.peer, call, what);
        let message = pb::StreamPayoutsRequest { run_id: id.to_string() };
        let request = self.peer.request(message, actor, STREAM_DEADLINE);
        let answer = self.client().stream_payouts(request).await;
        let mut chunks = answer.map_err(PeerError::of(&self.peer, call))?.into_inner();
        let mut fates = Vec::new();
        while let Some(chunk) = chunks.message().await.map_err(PeerError::of(&self.peer, call))? {
            for payout in chunk.payouts {
                if usize::try_from(payout.ordinal) != Ok(fates.len()) {
                    return Err(wrong("payouts out of order"));
                }
                fates.push(fate(payout.status()));
            }
        }
        if usize::try_from(count) == Ok(fates.len()) {
            Ok(fates)
        } else {
            Err(wrong("not the run's payouts"))
        }
    }

    fn view(&self, run: Option<pb::Run>, call: &'static str) -> Result<RunView, PeerError> {
        let view = run.and_then(view);
        view.ok_or_else(|| PeerError::malformed(&self.peer, call, "a run that cannot be read"))
    }
}

/// The payees as parts of a run, and a part no run can have when they break off.
fn handover(payees: mpsc::Receiver<Handover>) -> impl Stream<Item = Part> + Send {
    futures::stream::unfold(Some(payees), |payees| async {
        let mut payees = payees?;
        match payees.recv().await {
            Some(Handover::Payees(chunk)) => {
                let instructions = chunk.iter().map(instruction).collect();
                Some((Part::Instructions(pb::InstructionChunk { instructions }), Some(payees)))
            }
            Some(Handover::End) => None,
            // Without this the end of the stream could be taken for the end of the run.
            None => {
                let nobody = pb::Instruction { ordinal: u32::MAX, ..pb::Instruction::default() };
                Some((Part::Instructions(pb::InstructionChunk { instructions: vec![nobody] }), None))
            }
        }
    })
}

fn instruction(payee: &Payee) -> pb::Instruction {
    let kind = recipient::Kind::HederaAccount(payee.account.to_string());
    pb::Instruction {
        ordinal: payee.ordinal,
        recipient: Some(Recipient { kind: Some(kind) }),
        units: payee.units.to_string(),
        supersedes: payee.supersedes,
    }
}

impl From<RunHeader> for pb::RunHeader {
    fn from(header: RunHeader) -> Self {
        Self {
            run_id: header.run.to_string(),
            distribution_id: header.distribution.to_string(),
            asset_id: header.held_asset.map(|asset| asset.to_string()).unwrap_or_default(),
            funding_account_id: header.funding_account.to_string(),
            asset: header.asset.to_string(),
            decimals: header.decimals.into(),
            count: header.count,
            total_units: header.total.to_string(),
            entitlement_root: header.root.to_vec(),
            batch_size: header.batch_size,
            parallelism: header.parallelism,
            retry_policy: Some(header.retry.into()),
            supersedes_run_id: header.supersedes.map(|run| run.to_string()).unwrap_or_default(),
        }
    }
}

impl From<RetryPolicy> for pb::RetryPolicy {
    fn from(policy: RetryPolicy) -> Self {
        Self {
            max_attempts: policy.max_attempts,
            base: prost_types::Duration::try_from(policy.base).ok(),
            cap: prost_types::Duration::try_from(policy.cap).ok(),
            factor_hundredths: policy.factor_hundredths,
            jitter_percent: Some(policy.jitter_percent),
            recipient_max_attempts: policy.recipient_max_attempts,
        }
    }
}

fn paid_or_not(payout: pb::Payout) -> Option<PaidOrNot> {
    let status = payout.status();
    let recipient::Kind::HederaAccount(account) = payout.recipient?.kind?;
    Some(PaidOrNot {
        ordinal: payout.ordinal,
        account: account.parse().ok()?,
        units: units(&payout.amount?.units)?,
        unpaid: fate(status) == Fate::Unpaid,
        status: status.as_str_name().trim_start_matches("PAYOUT_STATUS_"),
    })
}

fn fate(status: pb::PayoutStatus) -> Fate {
    match status {
        pb::PayoutStatus::Paid => Fate::Paid,
        // Both are said only of what is proven unpaid.
        pb::PayoutStatus::Failed | pb::PayoutStatus::Cancelled => Fate::Unpaid,
        // What was sent back, or goes by another payout, is for people to see: it stays taken.
        pb::PayoutStatus::Unspecified
        | pb::PayoutStatus::Pending
        | pb::PayoutStatus::Processing
        | pb::PayoutStatus::InDoubt
        | pb::PayoutStatus::AwaitingRecipient
        | pb::PayoutStatus::Returned
        | pb::PayoutStatus::Expired
        | pb::PayoutStatus::Superseded => Fate::Undecided,
    }
}

/// How many units of a run are not begun yet, by what execution last said. What is in flight may have been debited already.
pub(crate) fn pending_units(report: &RunReport) -> Option<u128> {
    let progress = pb::RunProgress::decode(&*report.progress).ok()?;
    units(&progress.pending?.units)
}

fn units(text: &str) -> Option<u128> {
    text.parse().ok().map(|Units(units)| units)
}

fn view(run: pb::Run) -> Option<RunView> {
    let state = run.state();
    let progress = run.progress.unwrap_or_default();
    let failed_payouts = progress.failed.as_ref().map_or(0, |tally| tally.payouts);
    let news = match state {
        pb::RunState::Unspecified => return None,
        pb::RunState::Running => RunNews::Running,
        pb::RunState::Paused => RunNews::Paused(pause(&run.pauses)),
        pb::RunState::Halted => RunNews::Halted(halt(run.halt)),
        pb::RunState::Cancelling => RunNews::Cancelling,
        pb::RunState::Completed => RunNews::Completed,
        pb::RunState::Failed => RunNews::Failed(unpaid(failed_payouts)),
        pb::RunState::Cancelled => RunNews::Cancelled,
    };
    Some(RunView { news, report: RunReport { progress: progress.encode_to_vec(), failed_payouts } })
}

/// Why, as execution says it.
pub(super) fn halt(failure: Option<proto::r#type::v1::Failure>) -> Failure {
    let failure = failure.unwrap_or_default();
    let class = match failure.class() {
        PbClass::Retryable => FailureClass::Retryable,
        PbClass::Recipient => FailureClass::Recipient,
        PbClass::Compliance => FailureClass::Compliance,
        PbClass::Bug => FailureClass::Bug,
        PbClass::Unspecified | PbClass::Operator => FailureClass::Operator,
    };
    Failure::new(failure.reason, class, failure.hint)
}

/// Why it is paused: the latest of its pauses.
fn pause(pauses: &[pb::Pause]) -> Failure {
    let hint = pauses.last().map_or_else(
        || "Paused; it goes on when it is resumed.".to_owned(),
        |pause| format!("Paused by {}: {}. It goes on when it is resumed.", pause.paused_by, pause.reason),
    );
    Failure::new("PAUSED", FailureClass::Operator, hint)
}

fn unpaid(failed_payouts: u64) -> Failure {
    let hint =
        format!("{failed_payouts} payouts are proven unpaid; see why in the run's payouts, then retry.");
    Failure::new("PAYOUTS_FAILED", FailureClass::Recipient, hint)
}
