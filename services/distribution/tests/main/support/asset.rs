//! The asset service.

use proto::asset::v1 as pb;
use proto::asset::v1::asset_service_server::AssetService;
use proto::asset::v1::payment_token_service_server::PaymentTokenService;
use tonic::{Code, Request, Response, Status};

use super::{World, never_called, refusal};

pub(crate) struct AssetNeighbour(pub(crate) World);
pub(crate) struct PaymentTokenNeighbour(pub(crate) World);

#[tonic::async_trait]
impl AssetService for AssetNeighbour {
    async fn get_asset(
        &self,
        request: Request<pb::GetAssetRequest>,
    ) -> Result<Response<pb::GetAssetResponse>, Status> {
        let asset = self.0.facts().assets.get(&request.get_ref().asset_id).cloned();
        let asset = asset.ok_or_else(|| refusal(Code::NotFound, "ASSET_NOT_FOUND"))?;
        Ok(Response::new(pb::GetAssetResponse { asset: Some(asset) }))
    }

    never_called! {
        import_asset: pb::ImportAssetRequest => pb::ImportAssetResponse;
        list_assets: pb::ListAssetsRequest => pb::ListAssetsResponse;
        sync_asset: pb::SyncAssetRequest => pb::SyncAssetResponse;
        pause_asset: pb::PauseAssetRequest => pb::PauseAssetResponse;
        unpause_asset: pb::UnpauseAssetRequest => pb::UnpauseAssetResponse;
    }
}

#[tonic::async_trait]
impl PaymentTokenService for PaymentTokenNeighbour {
    async fn get_payment_token(
        &self,
        request: Request<pb::GetPaymentTokenRequest>,
    ) -> Result<Response<pb::GetPaymentTokenResponse>, Status> {
        let token = self.0.facts().payment_tokens.get(&request.get_ref().token).cloned();
        let token = token.ok_or_else(|| refusal(Code::NotFound, "PAYMENT_TOKEN_NOT_FOUND"))?;
        Ok(Response::new(pb::GetPaymentTokenResponse { payment_token: Some(token) }))
    }

    never_called! {
        add_payment_token: pb::AddPaymentTokenRequest => pb::AddPaymentTokenResponse;
        remove_payment_token: pb::RemovePaymentTokenRequest => pb::RemovePaymentTokenResponse;
        list_payment_tokens: pb::ListPaymentTokensRequest => pb::ListPaymentTokensResponse;
    }
}
