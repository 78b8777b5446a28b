//! `BatchGetSyncStatus`.

use ids::AssetId;
use proto::holder::v1::{BatchGetSyncStatusRequest, BatchGetSyncStatusResponse};
use service_kit::error::FieldViolations;
use service_kit::validate::{self, OUT_OF_RANGE};
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

const ASSETS_MAX: usize = 1000;

pub(super) async fn handle(
    app: &App,
    request: Request<BatchGetSyncStatusRequest>,
) -> Result<BatchGetSyncStatusResponse, Status> {
    let ids = ids(&request.into_inner().asset_ids)?;
    let statuses = app::batch_get_sync_status(app, &ids).await?;
    Ok(BatchGetSyncStatusResponse { statuses: statuses.iter().map(convert::status).collect() })
}

fn ids(texts: &[String]) -> Result<Vec<AssetId>, Error> {
    let mut violations = FieldViolations::new();
    if texts.len() > ASSETS_MAX {
        violations.add("asset_ids", OUT_OF_RANGE, format!("at most {ASSETS_MAX}"));
    }
    let ids = texts
        .iter()
        .take(ASSETS_MAX)
        .enumerate()
        .filter_map(|(n, text)| validate::parse(&mut violations, &format!("asset_ids[{n}]"), text))
        .collect();
    violations.into_result()?;
    Ok(ids)
}
