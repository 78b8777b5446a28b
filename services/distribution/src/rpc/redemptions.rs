//! `RedemptionService`: its role, CASHOUT, is held apart from PAYOUT already; what it does comes later.

use proto::distribution::v1 as pb;
use proto::distribution::v1::redemption_service_server::RedemptionService;
use tonic::{Request, Response, Status};

use crate::error::Error;

/// `bursar.distribution.v1.RedemptionService`.
#[derive(Clone, Copy)]
pub(crate) struct Redemptions;

#[tonic::async_trait]
impl RedemptionService for Redemptions {
    async fn create_redemption(
        &self,
        _: Request<pb::CreateRedemptionRequest>,
    ) -> Result<Response<pb::CreateRedemptionResponse>, Status> {
        Err(Error::RedemptionsNotAvailable.into())
    }

    async fn execute_redemption(
        &self,
        _: Request<pb::ExecuteRedemptionRequest>,
    ) -> Result<Response<pb::ExecuteRedemptionResponse>, Status> {
        Err(Error::RedemptionsNotAvailable.into())
    }

    async fn retry_redemption(
        &self,
        _: Request<pb::RetryRedemptionRequest>,
    ) -> Result<Response<pb::RetryRedemptionResponse>, Status> {
        Err(Error::RedemptionsNotAvailable.into())
    }

    async fn cancel_redemption(
        &self,
        _: Request<pb::CancelRedemptionRequest>,
    ) -> Result<Response<pb::CancelRedemptionResponse>, Status> {
        Err(Error::RedemptionsNotAvailable.into())
    }
}
