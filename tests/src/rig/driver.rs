//! Speaking to a worker as the service `distribution` does.

use std::time::Duration;

use auth::Actor;
use ids::{AssetId, DistributionId, IdSource as _, RunId, SystemIds};
use proto::execution::v1 as pb;
use proto::execution::v1::execution_service_client::ExecutionServiceClient;
use proto::execution::v1::funding_account_service_client::FundingAccountServiceClient;
use proto::execution::v1::pause_service_client::PauseServiceClient;
use proto::r#type::v1::{Recipient, recipient};
use service_kit::client::Peer;
use service_kit::idempotency::IdempotencyKey;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::rig::Outcome;

/// Longer than any stop of a worker.
pub(super) const DEADLINE: Duration = Duration::from_mins(1);
const CHUNK: usize = 1000;

/// A connection to one worker.
#[derive(Clone, Debug)]
pub struct Driver {
    pub(super) peer: Peer,
}

impl Driver {
    fn client(&self) -> ExecutionServiceClient<Channel> {
        ExecutionServiceClient::new(self.peer.channel())
    }

    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        self.peer.request(message, &Actor::service("distribution"), DEADLINE)
    }

    /// Makes the funding account of a test; its id.
    pub async fn create_funding_account(&self, account: &str, key_reference: &str) -> Outcome<String> {
        let message = pb::CreateFundingAccountRequest {
            label: "main".to_owned(),
            account: account.to_owned(),
            key_reference: key_reference.to_owned(),
            ..Default::default()
        };
        let actor = Actor::user("alice", auth::RoleSet::from([auth::Role::Admin]), "distribution");
        let request = self.peer.request_once(message, &actor, DEADLINE, &IdempotencyKey::new("main")?);
        let mut client = FundingAccountServiceClient::new(self.peer.channel());
        let answer = client.create_funding_account(request).await?.into_inner();
        Ok(answer.funding_account.ok_or("an answer without a funding account")?.id)
    }

    /// Hands a run over.
    pub async fn start_run(&self, header: pb::RunHeader, payees: &[(u64, u64)]) -> Result<(), Status> {
        self.start(header, (0..).zip(payees).map(|(ordinal, payee)| instruction(ordinal, *payee))).await
    }

    /// Hands a run over whose payees replace these ordinals of the run that the header names, one each.
    pub async fn supersede(
        &self,
        header: pb::RunHeader,
        payees: &[(u64, u64)],
        replaced: &[u32],
    ) -> Result<(), Status> {
        let all = (0..).zip(payees).zip(replaced);
        let all = all.map(|((ordinal, payee), old)| pb::Instruction {
            supersedes: Some(*old),
            ..instruction(ordinal, *payee)
        });
        self.start(header, all).await
    }

    async fn start(
        &self,
        header: pb::RunHeader,
        all: impl Iterator<Item = pb::Instruction>,
    ) -> Result<(), Status> {
        let mut parts = vec![pb::start_run_request::Part::Header(header)];
        let all: Vec<pb::Instruction> = all.collect();
        parts.extend(all.chunks(CHUNK).map(|chunk| {
            pb::start_run_request::Part::Instructions(pb::InstructionChunk { instructions: chunk.to_vec() })
        }));
        let messages: Vec<_> =
            parts.into_iter().map(|part| pb::StartRunRequest { part: Some(part) }).collect();
        self.client().start_run(self.request(tokio_stream::iter(messages))).await?;
        Ok(())
    }

    /// Tries a run's failures again; ends a halt.
    pub async fn retry_run(&self, run: &str) -> Result<(), Status> {
        let message = pb::RetryRunRequest { run_id: run.to_owned() };
        self.client().retry_run(self.request(message)).await?;
        Ok(())
    }

    /// Tries these payouts again; the same call again is the same.
    pub async fn retry_payouts(&self, run: &str, ordinals: &[u32]) -> Result<(), Status> {
        let own = run.trim_start_matches(RunId::PREFIX);
        let payout_ids = ordinals.iter().map(|ordinal| format!("pay{own}_{ordinal}")).collect();
        let message = pb::RetryPayoutsRequest { run_id: run.to_owned(), payout_ids };
        let key = IdempotencyKey::new(run).expect("an id is a key");
        let request = self.peer.request_once(message, &Actor::service("distribution"), DEADLINE, &key);
        self.client().retry_payouts(request).await?;
        Ok(())
    }

    /// Cancels a run.
    pub async fn cancel_run(&self, run: &str) -> Result<(), Status> {
        let message = pb::CancelRunRequest { run_id: run.to_owned(), reason: "a test".to_owned() };
        self.client().cancel_run(self.request(message)).await?;
        Ok(())
    }

    /// Pauses a run, as a person does.
    pub async fn pause_run(&self, run: &str) -> Result<(), Status> {
        let scope = Some(pb::pause_request::Scope::RunId(run.to_owned()));
        let message = pb::PauseRequest { scope, reason: "a test".to_owned() };
        PauseServiceClient::new(self.peer.channel()).pause(self.by_pauser(message)).await?;
        Ok(())
    }

    /// Ends a run's pause, as a person does.
    pub async fn resume_run(&self, run: &str) -> Result<(), Status> {
        let scope = Some(pb::resume_request::Scope::RunId(run.to_owned()));
        let message = pb::ResumeRequest { scope, reason: "a test".to_owned() };
        PauseServiceClient::new(self.peer.channel()).resume(self.by_pauser(message)).await?;
        Ok(())
    }

    fn by_pauser<T>(&self, message: T) -> Request<T> {
        let actor = Actor::user("paula", auth::RoleSet::from([auth::Role::Pauser]), "distribution");
        let key = IdempotencyKey::new(&SystemIds.uuid().to_string()).expect("a UUID is a key");
        self.peer.request_once(message, &actor, DEADLINE, &key)
    }

    /// How far a run is.
    pub async fn run(&self, run: &str) -> Outcome<pb::Run> {
        let message = pb::GetRunRequest { run_id: run.to_owned() };
        let answer = self.client().get_run(self.request(message)).await?.into_inner();
        answer.run.ok_or_else(|| "an answer without a run".into())
    }

    /// All payouts of a run, in their order.
    pub async fn payouts(&self, run: &str) -> Outcome<Vec<pb::Payout>> {
        let message = pb::StreamPayoutsRequest { run_id: run.to_owned() };
        let mut stream = self.client().stream_payouts(self.request(message)).await?.into_inner();
        let mut all = Vec::new();
        while let Some(chunk) = stream.message().await? {
            all.extend(chunk.payouts);
        }
        Ok(all)
    }
}

/// The header of a new run that fits `payees`, ten to a batch, one batch after another, quick to try again.
pub(super) fn header(funding: &str, asset: &str, payees: &[(u64, u64)]) -> Outcome<pb::RunHeader> {
    let run = RunId::new(&SystemIds);
    let mut root = entitlements::RootBuilder::new();
    for (ordinal, (account, units)) in (0..).zip(payees) {
        root.push(&entitlements::Leaf {
            run: *run.as_uuid().as_bytes(),
            ordinal,
            payee_key: &account.to_be_bytes(),
            units: u128::from(*units),
            asset,
        })?;
    }
    Ok(pb::RunHeader {
        run_id: run.to_string(),
        distribution_id: DistributionId::from_uuid(SystemIds.uuid()).to_string(),
        funding_account_id: funding.to_owned(),
        asset: asset.to_owned(),
        decimals: 6,
        count: u32::try_from(payees.len())?,
        total_units: payees.iter().map(|(_, units)| u128::from(*units)).sum::<u128>().to_string(),
        entitlement_root: root.finish().to_vec(),
        asset_id: AssetId::from_uuid(SystemIds.uuid()).to_string(),
        batch_size: 10,
        parallelism: 1,
        retry_policy: Some(pb::RetryPolicy {
            max_attempts: 10,
            base: Some(prost_types::Duration { seconds: 0, nanos: 50_000_000 }),
            cap: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
            ..Default::default()
        }),
        supersedes_run_id: String::new(),
    })
}

fn instruction(ordinal: u32, (account, units): (u64, u64)) -> pb::Instruction {
    let kind = Some(recipient::Kind::HederaAccount(format!("0.0.{account}")));
    pb::Instruction {
        ordinal,
        recipient: Some(Recipient { kind }),
        units: units.to_string(),
        supersedes: None,
    }
}
