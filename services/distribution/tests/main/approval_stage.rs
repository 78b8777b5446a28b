//! What tests of approvals have in common: people with names, and words for what they do.

use std::time::Duration;

use auth::{Actor, Role};
use proto::distribution::v1 as pb;
use proto::distribution::v1::approval_service_client::ApprovalServiceClient;
use service_kit::idempotency::IdempotencyKey;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::stage::Stage;

const DEADLINE: Duration = Duration::from_secs(30);
/// What is paid in all tests.
pub(crate) const USDC: &str = "0.0.7000";

impl Stage {
    pub(crate) fn approvals(&self) -> ApprovalServiceClient<Channel> {
        ApprovalServiceClient::new(self.peer().channel())
    }

    /// A call of this person under a key of its own.
    pub(crate) fn of<T>(&self, person: &str, role: Role, message: T) -> Request<T> {
        let key = IdempotencyKey::new(&ids::Uuid::now_v7().simple().to_string()).expect("a key");
        let actor = Actor::user(person, role.into(), "gateway");
        self.peer().request_once(message, &actor, DEADLINE, &key)
    }

    /// Sets the policy of a kind in USDC, in place of the version named.
    pub(crate) async fn set_policy(
        &self,
        kind: pb::DistributionKind,
        tiers: &[(u64, u32)],
        version: u32,
    ) -> Result<pb::ApprovalPolicy, Status> {
        let tier = |(from, approvers): &(u64, u32)| pb::ApprovalTier {
            from_units: from.to_string(),
            approvers: *approvers,
        };
        self.set(pb::SetApprovalPolicyRequest {
            kind: kind.into(),
            payment_token: USDC.to_owned(),
            tiers: tiers.iter().map(tier).collect(),
            version,
            ..pb::SetApprovalPolicyRequest::default()
        })
        .await
    }

    pub(crate) async fn set(
        &self,
        request: pb::SetApprovalPolicyRequest,
    ) -> Result<pb::ApprovalPolicy, Status> {
        let answer = self.approvals().set_approval_policy(self.of("ada", Role::Admin, request)).await?;
        Ok(answer.into_inner().policy.expect("a policy"))
    }

    /// Asks so many people for whatever is paid in USDC.
    pub(crate) async fn ask_for(&self, approvers: u32) {
        let kind = pb::DistributionKind::Unspecified;
        self.set_policy(kind, &[(0, approvers)], 0).await.expect("set");
    }

    /// A distribution of alice that waits for approval.
    pub(crate) async fn pending(&self, request: pb::CreateDistributionRequest) -> pb::Distribution {
        let created = self.create(&ids::Uuid::now_v7().simple().to_string(), request).await.expect("created");
        self.until(&created.id, pb::DistributionState::PendingApproval).await
    }

    pub(crate) async fn approve(
        &self,
        person: &str,
        distribution: &pb::Distribution,
    ) -> Result<pb::Distribution, Status> {
        self.approve_hash(person, &distribution.id, hash(distribution)).await
    }

    pub(crate) async fn approve_hash(
        &self,
        person: &str,
        id: &str,
        hash: Vec<u8>,
    ) -> Result<pb::Distribution, Status> {
        let message = pb::ApproveDistributionRequest { distribution_id: id.to_owned(), hash };
        let request = self.of(person, Role::Approver, message);
        let answer = self.approvals().approve_distribution(request).await?;
        Ok(answer.into_inner().distribution.expect("a distribution"))
    }

    pub(crate) async fn reject(
        &self,
        person: &str,
        distribution: &pb::Distribution,
        reason: &str,
    ) -> Result<pb::Distribution, Status> {
        let message = pb::RejectDistributionRequest {
            distribution_id: distribution.id.clone(),
            hash: hash(distribution),
            reason: reason.to_owned(),
        };
        let request = self.of(person, Role::Approver, message);
        let answer = self.approvals().reject_distribution(request).await?;
        Ok(answer.into_inner().distribution.expect("a distribution"))
    }

    /// Somebody changes the terms of this version.
    pub(crate) async fn modify(
        &self,
        person: &str,
        change: pb::UpdateDistributionRequest,
    ) -> Result<pb::Distribution, Status> {
        let answer = self.client().update_distribution(self.of(person, Role::Payout, change)).await?;
        Ok(answer.into_inner().distribution.expect("a distribution"))
    }
}

/// A change of what was read, to another label.
pub(crate) fn relabel(distribution: &pb::Distribution, label: &str) -> pb::UpdateDistributionRequest {
    pb::UpdateDistributionRequest {
        distribution_id: distribution.id.clone(),
        version: distribution.version,
        label: Some(label.to_owned()),
        ..pb::UpdateDistributionRequest::default()
    }
}

/// What is to be approved.
pub(crate) fn hash(distribution: &pb::Distribution) -> Vec<u8> {
    distribution.approval.as_ref().expect("it needs approval").hash.clone()
}

/// Who approved what counts.
pub(crate) fn endorsed(distribution: &pb::Distribution) -> Vec<&str> {
    let approval = distribution.approval.as_ref().expect("it needs approval");
    approval.endorsements.iter().map(|one| one.by.as_str()).collect()
}
