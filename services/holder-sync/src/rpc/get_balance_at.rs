//! `GetBalanceAt`.

use proto::holder::v1::{GetBalanceAtRequest, GetBalanceAtResponse};
use service_kit::error::FieldViolations;
use service_kit::validate;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<GetBalanceAtRequest>,
) -> Result<GetBalanceAtResponse, Status> {
    let message = request.into_inner();
    let mut violations = FieldViolations::new();
    let asset = validate::parse(&mut violations, "asset_id", &message.asset_id);
    let num = convert::account_num(&mut violations, "account", &message.account);
    let time = validate::required(&mut violations, "time", message.time);
    let at_ns = time.and_then(|time| convert::nanoseconds(&mut violations, "time", time));
    violations.into_result().map_err(Error::from)?;
    let ((asset, num), at_ns) = asset.zip(num).zip(at_ns).expect("what is missing was noted as a violation");
    let change = app::get_balance_at(app, asset, num, at_ns).await?;
    Ok(GetBalanceAtResponse { balance: Some(convert::change(&change)) })
}
