//! The RPCs, one file each: read the request, call the use case, say the answer. No rules here.

mod add_payment_token;
mod convert;
mod get_asset;
mod get_payment_token;
mod import_asset;
mod list_assets;
mod list_payment_tokens;
mod pause_asset;
mod remove_payment_token;
mod sync_asset;
mod unpause_asset;

use proto::asset::v1 as pb;
use proto::asset::v1::asset_service_server::AssetService;
use proto::asset::v1::payment_token_service_server::PaymentTokenService;
use tonic::{Request, Response, Status};

use crate::app::App;

/// `bursar.asset.v1.AssetService`.
#[derive(Clone)]
pub(crate) struct Assets(pub App);

/// `bursar.asset.v1.PaymentTokenService`.
#[derive(Clone)]
pub(crate) struct PaymentTokens(pub App);

#[tonic::async_trait]
impl AssetService for Assets {
    async fn import_asset(
        &self,
        request: Request<pb::ImportAssetRequest>,
    ) -> Result<Response<pb::ImportAssetResponse>, Status> {
        import_asset::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_asset(
        &self,
        request: Request<pb::GetAssetRequest>,
    ) -> Result<Response<pb::GetAssetResponse>, Status> {
        get_asset::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_assets(
        &self,
        request: Request<pb::ListAssetsRequest>,
    ) -> Result<Response<pb::ListAssetsResponse>, Status> {
        list_assets::handle(&self.0, request).await.map(Response::new)
    }

    async fn sync_asset(
        &self,
        request: Request<pb::SyncAssetRequest>,
    ) -> Result<Response<pb::SyncAssetResponse>, Status> {
        sync_asset::handle(&self.0, request).await.map(Response::new)
    }

    async fn pause_asset(
        &self,
        request: Request<pb::PauseAssetRequest>,
    ) -> Result<Response<pb::PauseAssetResponse>, Status> {
        pause_asset::handle(&self.0, request).await.map(Response::new)
    }

    async fn unpause_asset(
        &self,
        request: Request<pb::UnpauseAssetRequest>,
    ) -> Result<Response<pb::UnpauseAssetResponse>, Status> {
        unpause_asset::handle(&self.0, request).await.map(Response::new)
    }
}

#[tonic::async_trait]
impl PaymentTokenService for PaymentTokens {
    async fn add_payment_token(
        &self,
        request: Request<pb::AddPaymentTokenRequest>,
    ) -> Result<Response<pb::AddPaymentTokenResponse>, Status> {
        add_payment_token::handle(&self.0, request).await.map(Response::new)
    }

    async fn remove_payment_token(
        &self,
        request: Request<pb::RemovePaymentTokenRequest>,
    ) -> Result<Response<pb::RemovePaymentTokenResponse>, Status> {
        remove_payment_token::handle(&self.0, request).await.map(Response::new)
    }

    async fn list_payment_tokens(
        &self,
        request: Request<pb::ListPaymentTokensRequest>,
    ) -> Result<Response<pb::ListPaymentTokensResponse>, Status> {
        list_payment_tokens::handle(&self.0, request).await.map(Response::new)
    }

    async fn get_payment_token(
        &self,
        request: Request<pb::GetPaymentTokenRequest>,
    ) -> Result<Response<pb::GetPaymentTokenResponse>, Status> {
        get_payment_token::handle(&self.0, request).await.map(Response::new)
    }
}
