//! The RPCs: reading requests, calling use cases, writing answers. One file per method.

mod acknowledge_forgotten_run;
mod add_destination;
mod cancel_run;
mod cancel_withdrawal;
mod check_recipients;
pub(crate) mod convert;
mod create_funding_account;
mod create_withdrawal;
mod declare_restore;
mod diagnose;
mod get_funding_account;
mod get_limits;
mod get_payout;
mod get_run;
mod get_sweep;
mod get_withdrawal;
mod list_alerts;
mod list_batches;
mod list_destinations;
mod list_funding_accounts;
mod list_pauses;
mod list_payouts;
mod list_runs;
mod list_swept_payments;
mod list_withdrawals;
mod pause;
mod quote_run;
mod remove_destination;
mod resolve_in_doubt;
mod resume;
mod retry_payouts;
mod retry_run;
mod set_asset_pause;
mod set_limits;
mod start_run;
mod stream_payouts;
mod watch_run;

use std::pin::Pin;
use std::sync::Arc;

use proto::execution::v1 as pb;
use proto::execution::v1::alert_service_server::AlertService;
use proto::execution::v1::diagnostics_service_server::DiagnosticsService;
use proto::execution::v1::execution_service_server::ExecutionService;
use proto::execution::v1::funding_account_service_server::FundingAccountService;
use proto::execution::v1::pause_service_server::PauseService;
use proto::execution::v1::restore_service_server::RestoreService;
use proto::execution::v1::withdrawal_service_server::WithdrawalService;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::app::Context;

/// Longest reason that a person gives, in characters.
const REASON_CHARS_MAX: usize = 500;
/// Longest name that people give to something, in characters.
const LABEL_CHARS_MAX: usize = 100;

type Outgoing<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// `bursar.execution.v1.ExecutionService`.
#[derive(Clone)]
pub(crate) struct Execution(pub(crate) Arc<Context>);

/// `bursar.execution.v1.FundingAccountService`.
#[derive(Clone)]
pub(crate) struct FundingAccounts(pub(crate) Arc<Context>);

/// `bursar.execution.v1.PauseService`.
#[derive(Clone)]
pub(crate) struct Pauses(pub(crate) Arc<Context>);

/// `bursar.execution.v1.WithdrawalService`.
#[derive(Clone)]
pub(crate) struct Withdrawals(pub(crate) Arc<Context>);
/// `bursar.execution.v1.DiagnosticsService`.
#[derive(Clone)]
pub(crate) struct Diagnostics(pub(crate) Arc<Context>);

#[tonic::async_trait]
impl DiagnosticsService for Diagnostics {
    async fn diagnose(
        &self,
        request: Request<pb::DiagnoseRequest>,
    ) -> Result<Response<pb::DiagnoseResponse>, Status> {
        diagnose::handle(&self.0, request).await.map(Response::new)
    }
}

/// `bursar.execution.v1.AlertService`.
#[derive(Clone)]
pub(crate) struct Alerts(pub(crate) Arc<Context>);
/// `bursar.execution.v1.RestoreService`.
#[derive(Clone)]
pub(crate) struct Restores(pub(crate) Arc<Context>);

#[tonic::async_trait]
impl ExecutionService for Execution {
    type WatchRunStream = Outgoing<pb::WatchRunResponse>;
    type StreamPayoutsStream = Outgoing<pb::StreamPayoutsResponse>;

    async fn start_run(
        &self,
        request: Request<Streaming<pb::StartRunRequest>>,
    ) -> Result<Response<pb::StartRunResponse>, Status> {
        start_run::handle(&self.0, request).await.map(Response::new)
    }

    async fn quote_run(
        &self,
        request: Request<pb::QuoteRunRequest>,
    ) -> Result<Response<pb::QuoteRunResponse>, Status> {
        quote_run::handle(&self.0, request).await.map(Response::new)
    }

    async fn check_recipients(
        &self,
        request: Request<pb::CheckRecipientsRequest>,
    ) -> Result<Response<pb::CheckRecipientsResponse>, Status> {
        check_recipients::handle(&self.0, request).await.map(Response::new)
    }

    async fn retry_run(
        &self,
        request: Request<pb::RetryRunRequest>,
    ) -> Result<Response<pb::RetryRunResponse>, Status> {
        retry_run::handle(&self.0, request).await.map(Response::new)
    }

    async fn retry_payouts(
        &self,
        request: Request<pb::RetryPayoutsRequest>,
    ) -> Result<Response<pb::RetryPayoutsResponse>, Status> {
        retry_payouts::handle(&self.0, request).await.map(Response::new)
    }

    async fn cancel_run(
        &self,
        request: Request<pb::CancelRunRequest>,
    ) -> Result<Response<pb::CancelRunResponse>, Status> {
        cancel_run::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_run(
        &self,
        request: Request<pb::GetRunRequest>,
    ) -> Result<Response<pb::GetRunResponse>, Status> {
        get_run::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_runs(
        &self,
        request: Request<pb::ListRunsRequest>,
    ) -> Result<Response<pb::ListRunsResponse>, Status> {
        list_runs::handle(&self.0, request).await.map(Response::new)
    }

    async fn watch_run(
        &self,
        request: Request<pb::WatchRunRequest>,
    ) -> Result<Response<Self::WatchRunStream>, Status> {
        watch_run::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_batches(
        &self,
        request: Request<pb::ListBatchesRequest>,
    ) -> Result<Response<pb::ListBatchesResponse>, Status> {
        list_batches::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_payouts(
        &self,
        request: Request<pb::ListPayoutsRequest>,
    ) -> Result<Response<pb::ListPayoutsResponse>, Status> {
        list_payouts::handle(&self.0, request).await.map(Response::new)
    }

    async fn stream_payouts(
        &self,
        request: Request<pb::StreamPayoutsRequest>,
    ) -> Result<Response<Self::StreamPayoutsStream>, Status> {
        stream_payouts::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_payout(
        &self,
        request: Request<pb::GetPayoutRequest>,
    ) -> Result<Response<pb::GetPayoutResponse>, Status> {
        get_payout::handle(&self.0, request).await.map(Response::new)
    }

    async fn resolve_in_doubt(
        &self,
        request: Request<pb::ResolveInDoubtRequest>,
    ) -> Result<Response<pb::ResolveInDoubtResponse>, Status> {
        resolve_in_doubt::handle(&self.0, request).await.map(Response::new)
    }
}

#[tonic::async_trait]
impl FundingAccountService for FundingAccounts {
    async fn create_funding_account(
        &self,
        request: Request<pb::CreateFundingAccountRequest>,
    ) -> Result<Response<pb::CreateFundingAccountResponse>, Status> {
        create_funding_account::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_funding_account(
        &self,
        request: Request<pb::GetFundingAccountRequest>,
    ) -> Result<Response<pb::GetFundingAccountResponse>, Status> {
        get_funding_account::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_funding_accounts(
        &self,
        request: Request<pb::ListFundingAccountsRequest>,
    ) -> Result<Response<pb::ListFundingAccountsResponse>, Status> {
        list_funding_accounts::handle(&self.0, request).await.map(Response::new)
    }

    async fn set_limits(
        &self,
        request: Request<pb::SetLimitsRequest>,
    ) -> Result<Response<pb::SetLimitsResponse>, Status> {
        set_limits::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_limits(
        &self,
        request: Request<pb::GetLimitsRequest>,
    ) -> Result<Response<pb::GetLimitsResponse>, Status> {
        get_limits::handle(&self.0, request).await.map(Response::new)
    }
}

#[tonic::async_trait]
impl AlertService for Alerts {
    async fn list_alerts(
        &self,
        request: Request<pb::ListAlertsRequest>,
    ) -> Result<Response<pb::ListAlertsResponse>, Status> {
        list_alerts::handle(&self.0, request).await.map(Response::new)
    }
}

#[tonic::async_trait]
impl PauseService for Pauses {
    async fn pause(&self, request: Request<pb::PauseRequest>) -> Result<Response<pb::PauseResponse>, Status> {
        pause::handle(&self.0, request).await.map(Response::new)
    }

    async fn resume(
        &self,
        request: Request<pb::ResumeRequest>,
    ) -> Result<Response<pb::ResumeResponse>, Status> {
        resume::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_pauses(
        &self,
        request: Request<pb::ListPausesRequest>,
    ) -> Result<Response<pb::ListPausesResponse>, Status> {
        list_pauses::handle(&self.0, request).await.map(Response::new)
    }

    async fn set_asset_pause(
        &self,
        request: Request<pb::SetAssetPauseRequest>,
    ) -> Result<Response<pb::SetAssetPauseResponse>, Status> {
        set_asset_pause::handle(&self.0, request).await.map(Response::new)
    }
}

#[tonic::async_trait]
impl WithdrawalService for Withdrawals {
    async fn add_destination(
        &self,
        request: Request<pb::AddDestinationRequest>,
    ) -> Result<Response<pb::AddDestinationResponse>, Status> {
        add_destination::handle(&self.0, request).await.map(Response::new)
    }

    async fn remove_destination(
        &self,
        request: Request<pb::RemoveDestinationRequest>,
    ) -> Result<Response<pb::RemoveDestinationResponse>, Status> {
        remove_destination::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_destinations(
        &self,
        request: Request<pb::ListDestinationsRequest>,
    ) -> Result<Response<pb::ListDestinationsResponse>, Status> {
        list_destinations::handle(&self.0, request).await.map(Response::new)
    }

    async fn create_withdrawal(
        &self,
        request: Request<pb::CreateWithdrawalRequest>,
    ) -> Result<Response<pb::CreateWithdrawalResponse>, Status> {
        create_withdrawal::handle(&self.0, request).await.map(Response::new)
    }

    async fn cancel_withdrawal(
        &self,
        request: Request<pb::CancelWithdrawalRequest>,
    ) -> Result<Response<pb::CancelWithdrawalResponse>, Status> {
        cancel_withdrawal::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_withdrawal(
        &self,
        request: Request<pb::GetWithdrawalRequest>,
    ) -> Result<Response<pb::GetWithdrawalResponse>, Status> {
        get_withdrawal::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_withdrawals(
        &self,
        request: Request<pb::ListWithdrawalsRequest>,
    ) -> Result<Response<pb::ListWithdrawalsResponse>, Status> {
        list_withdrawals::handle(&self.0, request).await.map(Response::new)
    }
}

#[tonic::async_trait]
impl RestoreService for Restores {
    async fn declare_restore(
        &self,
        request: Request<pb::DeclareRestoreRequest>,
    ) -> Result<Response<pb::DeclareRestoreResponse>, Status> {
        declare_restore::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_sweep(
        &self,
        request: Request<pb::GetSweepRequest>,
    ) -> Result<Response<pb::GetSweepResponse>, Status> {
        get_sweep::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_swept_payments(
        &self,
        request: Request<pb::ListSweptPaymentsRequest>,
    ) -> Result<Response<pb::ListSweptPaymentsResponse>, Status> {
        list_swept_payments::handle(&self.0, request).await.map(Response::new)
    }

    async fn acknowledge_forgotten_run(
        &self,
        request: Request<pb::AcknowledgeForgottenRunRequest>,
    ) -> Result<Response<pb::AcknowledgeForgottenRunResponse>, Status> {
        acknowledge_forgotten_run::handle(&self.0, request).await.map(Response::new)
    }
}
