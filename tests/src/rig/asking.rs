//! Asking a worker for what is not about one run under way, as people and services do. Each call made again is the same call.

use auth::{Actor, Role, RoleSet};
use proto::execution::v1 as pb;
use proto::execution::v1::execution_service_client::ExecutionServiceClient;
use proto::execution::v1::funding_account_service_client::FundingAccountServiceClient;
use proto::execution::v1::pause_service_client::PauseServiceClient;
use proto::execution::v1::restore_service_client::RestoreServiceClient;
use proto::execution::v1::withdrawal_service_client::WithdrawalServiceClient;
use proto::r#type::v1::Amount;
use service_kit::idempotency::IdempotencyKey;
use tonic::{Request, Status};

use crate::rig::driver::DEADLINE;
use crate::rig::{Driver, Outcome};

/// Limits and withdrawals in the token that is paid.
#[derive(Clone, Debug)]
pub struct Of {
    /// The funding account's id.
    pub funding: String,
    /// The code of what is paid.
    pub asset: String,
}

impl Driver {
    fn once<T>(&self, message: T, who: &str, role: Role, key: &str) -> Request<T> {
        let actor = Actor::user(who, RoleSet::from([role]), "distribution");
        let key = IdempotencyKey::new(key).expect("a test's key is one");
        self.peer.request_once(message, &actor, DEADLINE, &key)
    }

    /// Sets the most that a run and a day may take, in smallest units.
    pub async fn set_limits(
        &self,
        of: &Of,
        per_run: u64,
        per_day: u64,
        key: &str,
    ) -> Result<pb::Limits, Status> {
        let message = pb::SetLimitsRequest {
            funding_account_id: of.funding.clone(),
            asset: of.asset.clone(),
            per_run: per_run.to_string(),
            per_day: per_day.to_string(),
            reason: "a test".to_owned(),
            ..Default::default()
        };
        let mut client = FundingAccountServiceClient::new(self.peer.channel());
        let answer = client.set_limits(self.once(message, "adam", Role::Admin, key)).await?;
        Ok(answer.into_inner().limits.unwrap_or_default())
    }

    /// Allows an account as a destination of withdrawals.
    pub async fn add_destination(&self, of: &Of, account: u64) -> Result<pb::Destination, Status> {
        let message = pb::AddDestinationRequest {
            funding_account_id: of.funding.clone(),
            account: format!("0.0.{account}"),
            label: "a test".to_owned(),
        };
        let mut client = WithdrawalServiceClient::new(self.peer.channel());
        let answer = client.add_destination(self.once(message, "adam", Role::Admin, "add")).await?;
        Ok(answer.into_inner().destination.unwrap_or_default())
    }

    /// Allows it no more.
    pub async fn remove_destination(&self, of: &Of, account: u64) -> Result<(), Status> {
        let message = pb::RemoveDestinationRequest {
            funding_account_id: of.funding.clone(),
            account: format!("0.0.{account}"),
        };
        let mut client = WithdrawalServiceClient::new(self.peer.channel());
        client.remove_destination(self.once(message, "adam", Role::Admin, "remove")).await?;
        Ok(())
    }

    /// Withdraws units to an account; the id of the withdrawal and that of its run.
    pub async fn withdraw(&self, of: &Of, account: u64, units: u64) -> Result<(String, String), Status> {
        let message = pb::CreateWithdrawalRequest {
            funding_account_id: of.funding.clone(),
            destination: format!("0.0.{account}"),
            amount: Some(Amount { units: units.to_string(), asset: of.asset.clone() }),
            reason: "a test".to_owned(),
        };
        let mut client = WithdrawalServiceClient::new(self.peer.channel());
        let answer =
            client.create_withdrawal(self.once(message, "theo", Role::Transferer, "withdraw")).await?;
        let withdrawal = answer.into_inner().withdrawal.unwrap_or_default();
        Ok((withdrawal.id, withdrawal.run.unwrap_or_default().id))
    }

    /// Pauses an asset, or ends its pause, as the service `asset` does.
    pub async fn set_asset_pause(&self, asset_id: &str, version: i64, paused: bool) -> Result<(), Status> {
        let message = pb::SetAssetPauseRequest {
            asset_id: asset_id.to_owned(),
            version,
            paused,
            by: "paula".to_owned(),
            reason: "a test".to_owned(),
        };
        PauseServiceClient::new(self.peer.channel()).set_asset_pause(self.request(message)).await?;
        Ok(())
    }

    /// The latest attempt for a payout.
    pub async fn attempt(&self, payout_id: &str) -> Outcome<pb::Attempt> {
        let message = pb::GetPayoutRequest { payout_id: payout_id.to_owned() };
        let mut client = ExecutionServiceClient::new(self.peer.channel());
        let mut payout = client.get_payout(self.request(message)).await?.into_inner();
        Ok(payout.attempts.pop().ok_or("a payout without an attempt")?)
    }

    /// One person's word that an attempt paid nothing.
    pub async fn call_unpaid(
        &self,
        attempt: &pb::Attempt,
        who: &str,
    ) -> Result<pb::ResolveInDoubtResponse, Status> {
        let message = pb::ResolveInDoubtRequest {
            attempt_id: attempt.id.clone(),
            run_id: attempt.run_id.clone(),
            outcome: pb::DoubtOutcome::Unpaid.into(),
            evidence: "seen in the explorer".to_owned(),
        };
        let mut client = ExecutionServiceClient::new(self.peer.channel());
        let answer = client.resolve_in_doubt(self.once(message, who, Role::Admin, who)).await?;
        Ok(answer.into_inner())
    }

    /// Says that the database was restored to a state of this time; the number of the sweep that follows.
    pub async fn declare_restore(&self, since: std::time::SystemTime) -> Result<i32, Status> {
        let message =
            pb::DeclareRestoreRequest { since_time: Some(since.into()), reason: "a test".to_owned() };
        let mut client = RestoreServiceClient::new(self.peer.channel());
        let answer = client.declare_restore(self.once(message, "adam", Role::Admin, "declare")).await?;
        Ok(answer.into_inner().sweep.unwrap_or_default().number)
    }

    /// The sweep that counts.
    pub async fn sweep(&self) -> Outcome<pb::Sweep> {
        let mut client = RestoreServiceClient::new(self.peer.channel());
        let answer = client.get_sweep(self.request(pb::GetSweepRequest {})).await?.into_inner();
        Ok(answer.sweep.ok_or("an answer without a sweep")?)
    }

    /// Says that a forgotten run is accounted for; how many of its payments waited.
    pub async fn acknowledge(&self, run: &str) -> Result<u64, Status> {
        let message =
            pb::AcknowledgeForgottenRunRequest { run_id: run.to_owned(), reason: "a test".to_owned() };
        let mut client = RestoreServiceClient::new(self.peer.channel());
        let answer =
            client.acknowledge_forgotten_run(self.once(message, "adam", Role::Admin, "acknowledge")).await?;
        Ok(answer.into_inner().payments)
    }
}
