//! The RPCs, one file each: read the request, call the use case, say the answer. No rules here.

mod amounts;
mod approval_convert;
mod approve_distribution;
mod call;
mod cancel_distribution;
mod cancel_redemption;
mod convert;
mod create_distribution;
mod create_redemption;
mod create_schedule;
mod draft;
mod end_schedule;
mod execute_distribution;
mod execute_redemption;
mod get_approval_policy;
mod get_distribution;
mod get_ingest_file;
mod get_schedule;
mod ingest_convert;
mod ingest_file;
mod list_approval_policies;
mod list_carry_forwards;
mod list_distributions;
mod list_entitlements;
mod list_ingest_errors;
mod list_ingest_files;
mod list_occurrences;
mod list_schedules;
mod outlook;
mod pause_schedule;
mod preview;
mod reject_distribution;
mod rerun_distribution;
mod resume_schedule;
mod retry_distribution;
mod retry_redemption;
mod schedule_convert;
mod schedule_draft;
mod set_approval_policy;
mod skip_occurrence;
mod update_distribution;
mod update_schedule;
mod watch_distribution;

use proto::distribution::v1 as pb;
use proto::distribution::v1::approval_service_server::ApprovalService;
use proto::distribution::v1::distribution_service_server::DistributionService;
use proto::distribution::v1::ingest_service_server::IngestService;
use proto::distribution::v1::redemption_service_server::RedemptionService;
use proto::distribution::v1::schedule_service_server::ScheduleService;
use tonic::{Request, Response, Status, Streaming};

use crate::app::App;

/// `bursar.distribution.v1.DistributionService`: reads of everything, and all work that is not a redemption.
#[derive(Clone)]
pub(crate) struct Distributions(pub App);

#[tonic::async_trait]
impl DistributionService for Distributions {
    async fn create_distribution(
        &self,
        request: Request<pb::CreateDistributionRequest>,
    ) -> Result<Response<pb::CreateDistributionResponse>, Status> {
        create_distribution::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_distribution(
        &self,
        request: Request<pb::GetDistributionRequest>,
    ) -> Result<Response<pb::GetDistributionResponse>, Status> {
        get_distribution::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_distributions(
        &self,
        request: Request<pb::ListDistributionsRequest>,
    ) -> Result<Response<pb::ListDistributionsResponse>, Status> {
        list_distributions::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_entitlements(
        &self,
        request: Request<pb::ListEntitlementsRequest>,
    ) -> Result<Response<pb::ListEntitlementsResponse>, Status> {
        list_entitlements::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_carry_forwards(
        &self,
        request: Request<pb::ListCarryForwardsRequest>,
    ) -> Result<Response<pb::ListCarryForwardsResponse>, Status> {
        list_carry_forwards::handle(&self.0, request).await.map(Response::new)
    }

    async fn update_distribution(
        &self,
        request: Request<pb::UpdateDistributionRequest>,
    ) -> Result<Response<pb::UpdateDistributionResponse>, Status> {
        update_distribution::handle(&self.0, request).await.map(Response::new)
    }

    async fn execute_distribution(
        &self,
        request: Request<pb::ExecuteDistributionRequest>,
    ) -> Result<Response<pb::ExecuteDistributionResponse>, Status> {
        execute_distribution::handle(&self.0, request).await.map(Response::new)
    }

    async fn rerun_distribution(
        &self,
        request: Request<pb::RerunDistributionRequest>,
    ) -> Result<Response<pb::RerunDistributionResponse>, Status> {
        rerun_distribution::handle(&self.0, request).await.map(Response::new)
    }

    async fn retry_distribution(
        &self,
        request: Request<pb::RetryDistributionRequest>,
    ) -> Result<Response<pb::RetryDistributionResponse>, Status> {
        retry_distribution::handle(&self.0, request).await.map(Response::new)
    }

    async fn cancel_distribution(
        &self,
        request: Request<pb::CancelDistributionRequest>,
    ) -> Result<Response<pb::CancelDistributionResponse>, Status> {
        cancel_distribution::handle(&self.0, request).await.map(Response::new)
    }

    type WatchDistributionStream = watch_distribution::Stream;

    async fn watch_distribution(
        &self,
        request: Request<pb::WatchDistributionRequest>,
    ) -> Result<Response<Self::WatchDistributionStream>, Status> {
        watch_distribution::handle(&self.0, request).await.map(Response::new)
    }
}

/// `bursar.distribution.v1.RedemptionService`: the same work on redemptions, which is another role's.
#[derive(Clone)]
pub(crate) struct Redemptions(pub App);

#[tonic::async_trait]
impl RedemptionService for Redemptions {
    async fn create_redemption(
        &self,
        request: Request<pb::CreateRedemptionRequest>,
    ) -> Result<Response<pb::CreateRedemptionResponse>, Status> {
        create_redemption::handle(&self.0, request).await.map(Response::new)
    }

    async fn execute_redemption(
        &self,
        request: Request<pb::ExecuteRedemptionRequest>,
    ) -> Result<Response<pb::ExecuteRedemptionResponse>, Status> {
        execute_redemption::handle(&self.0, request).await.map(Response::new)
    }

    async fn retry_redemption(
        &self,
        request: Request<pb::RetryRedemptionRequest>,
    ) -> Result<Response<pb::RetryRedemptionResponse>, Status> {
        retry_redemption::handle(&self.0, request).await.map(Response::new)
    }

    async fn cancel_redemption(
        &self,
        request: Request<pb::CancelRedemptionRequest>,
    ) -> Result<Response<pb::CancelRedemptionResponse>, Status> {
        cancel_redemption::handle(&self.0, request).await.map(Response::new)
    }
}

/// `bursar.distribution.v1.ScheduleService`: what falls due by itself.
#[derive(Clone)]
pub(crate) struct Schedules(pub App);

#[tonic::async_trait]
impl ScheduleService for Schedules {
    async fn create_schedule(
        &self,
        request: Request<pb::CreateScheduleRequest>,
    ) -> Result<Response<pb::CreateScheduleResponse>, Status> {
        create_schedule::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_schedule(
        &self,
        request: Request<pb::GetScheduleRequest>,
    ) -> Result<Response<pb::GetScheduleResponse>, Status> {
        get_schedule::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_schedules(
        &self,
        request: Request<pb::ListSchedulesRequest>,
    ) -> Result<Response<pb::ListSchedulesResponse>, Status> {
        list_schedules::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_occurrences(
        &self,
        request: Request<pb::ListOccurrencesRequest>,
    ) -> Result<Response<pb::ListOccurrencesResponse>, Status> {
        list_occurrences::handle(&self.0, request).await.map(Response::new)
    }

    async fn update_schedule(
        &self,
        request: Request<pb::UpdateScheduleRequest>,
    ) -> Result<Response<pb::UpdateScheduleResponse>, Status> {
        update_schedule::handle(&self.0, request).await.map(Response::new)
    }

    async fn pause_schedule(
        &self,
        request: Request<pb::PauseScheduleRequest>,
    ) -> Result<Response<pb::PauseScheduleResponse>, Status> {
        pause_schedule::handle(&self.0, request).await.map(Response::new)
    }

    async fn resume_schedule(
        &self,
        request: Request<pb::ResumeScheduleRequest>,
    ) -> Result<Response<pb::ResumeScheduleResponse>, Status> {
        resume_schedule::handle(&self.0, request).await.map(Response::new)
    }

    async fn end_schedule(
        &self,
        request: Request<pb::EndScheduleRequest>,
    ) -> Result<Response<pb::EndScheduleResponse>, Status> {
        end_schedule::handle(&self.0, request).await.map(Response::new)
    }

    async fn skip_occurrence(
        &self,
        request: Request<pb::SkipOccurrenceRequest>,
    ) -> Result<Response<pb::SkipOccurrenceResponse>, Status> {
        skip_occurrence::handle(&self.0, request).await.map(Response::new)
    }
}

/// `bursar.distribution.v1.ApprovalService`: who else has to agree.
#[derive(Clone)]
pub(crate) struct Approvals(pub App);

#[tonic::async_trait]
impl ApprovalService for Approvals {
    async fn approve_distribution(
        &self,
        request: Request<pb::ApproveDistributionRequest>,
    ) -> Result<Response<pb::ApproveDistributionResponse>, Status> {
        approve_distribution::handle(&self.0, request).await.map(Response::new)
    }

    async fn reject_distribution(
        &self,
        request: Request<pb::RejectDistributionRequest>,
    ) -> Result<Response<pb::RejectDistributionResponse>, Status> {
        reject_distribution::handle(&self.0, request).await.map(Response::new)
    }

    async fn set_approval_policy(
        &self,
        request: Request<pb::SetApprovalPolicyRequest>,
    ) -> Result<Response<pb::SetApprovalPolicyResponse>, Status> {
        set_approval_policy::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_approval_policy(
        &self,
        request: Request<pb::GetApprovalPolicyRequest>,
    ) -> Result<Response<pb::GetApprovalPolicyResponse>, Status> {
        get_approval_policy::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_approval_policies(
        &self,
        request: Request<pb::ListApprovalPoliciesRequest>,
    ) -> Result<Response<pb::ListApprovalPoliciesResponse>, Status> {
        list_approval_policies::handle(&self.0, request).await.map(Response::new)
    }
}

/// `bursar.distribution.v1.IngestService`: lists of payees from files.
#[derive(Clone)]
pub(crate) struct Ingests(pub App);

#[tonic::async_trait]
impl IngestService for Ingests {
    async fn ingest_file(
        &self,
        request: Request<Streaming<pb::IngestFileRequest>>,
    ) -> Result<Response<pb::IngestFileResponse>, Status> {
        ingest_file::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_ingest_file(
        &self,
        request: Request<pb::GetIngestFileRequest>,
    ) -> Result<Response<pb::GetIngestFileResponse>, Status> {
        get_ingest_file::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_ingest_files(
        &self,
        request: Request<pb::ListIngestFilesRequest>,
    ) -> Result<Response<pb::ListIngestFilesResponse>, Status> {
        list_ingest_files::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_ingest_errors(
        &self,
        request: Request<pb::ListIngestErrorsRequest>,
    ) -> Result<Response<pb::ListIngestErrorsResponse>, Status> {
        list_ingest_errors::handle(&self.0, request).await.map(Response::new)
    }
}
