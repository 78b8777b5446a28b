//! `CreateWithdrawal`.

use auth::Actor;
use money::{AssetCode, Units};
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use crate::app::Context;
use crate::app::create_withdrawal::{NewWithdrawal, create_withdrawal};
use crate::error::Error;
use crate::rpc::{REASON_CHARS_MAX, convert};

/// The most that one transfer on this rail can move, in smallest units.
const UNITS_MAX: u128 = i64::MAX.cast_unsigned() as u128;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::CreateWithdrawalRequest>,
) -> Result<pb::CreateWithdrawalResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("CreateWithdrawal", &actor, &request, |withdrawal| {
        pb::CreateWithdrawalResponse { withdrawal: Some(convert::withdrawal(withdrawal)) }
    })
    .map_err(Error::from)?;
    let new = read(request.get_ref())?;
    Ok(create_withdrawal(ctx, &actor, new, &once).await?)
}

fn read(message: &pb::CreateWithdrawalRequest) -> Result<NewWithdrawal, Error> {
    let mut violations = FieldViolations::new();
    let funding = validate::parse(&mut violations, "funding_account_id", &message.funding_account_id);
    let destination = validate::parse(&mut violations, "destination", &message.destination);
    let amount = validate::required(&mut violations, "amount", message.amount.as_ref());
    let asset = amount
        .and_then(|amount| validate::parse::<AssetCode>(&mut violations, "amount.asset", &amount.asset));
    if asset.as_ref().is_some_and(|asset| asset.network().is_none()) {
        violations.add("amount.asset", validate::OUT_OF_RANGE, "HBAR or an HTS token");
    }
    let units =
        amount.and_then(|amount| validate::parse::<Units>(&mut violations, "amount.units", &amount.units));
    let units =
        units.and_then(|Units(units)| validate::within(&mut violations, "amount.units", units, 1, UNITS_MAX));
    let reason = validate::text(&mut violations, "reason", &message.reason, REASON_CHARS_MAX);
    violations.into_result()?;
    let places = funding.zip(destination);
    let (((funding, destination), (asset, units)), reason) =
        places.zip(asset.zip(units)).zip(reason).expect("what is missing was noted as a violation");
    Ok(NewWithdrawal { funding, destination, asset, units, reason })
}
