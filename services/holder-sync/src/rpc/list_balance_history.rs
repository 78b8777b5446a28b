//! `ListBalanceHistory`.

use proto::holder::v1::{ListBalanceHistoryRequest, ListBalanceHistoryResponse};
use service_kit::error::FieldViolations;
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ListBalanceHistoryRequest>,
) -> Result<ListBalanceHistoryResponse, Status> {
    let message = request.into_inner();
    let mut violations = FieldViolations::new();
    let asset = validate::parse(&mut violations, "asset_id", &message.asset_id);
    let num = convert::account_num(&mut violations, "account", &message.account);
    violations.into_result().map_err(Error::from)?;
    let (asset, num) = asset.zip(num).expect("what is missing was noted as a violation");
    let size = page::size(message.page_size).map_err(Error::from)?;
    let filters = Filters::of_bytes(format!("ListBalanceHistory {asset} {num}").as_bytes());
    let before_ns = PageToken::decode::<i64>(&message.page_token, filters).map_err(Error::from)?;
    let mut found = app::list_balance_history(app, asset, num, before_ns, size + 1).await?;
    let last = page::cut(&mut found, size).map(|change| change.consensus_ns);
    Ok(ListBalanceHistoryResponse {
        changes: found.iter().map(convert::change).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}
