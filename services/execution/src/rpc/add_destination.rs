//! `AddDestination`.

use auth::Actor;
use hedera::AccountId;
use ids::FundingAccountId;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::error::Error;
use crate::rpc::{LABEL_CHARS_MAX, convert};

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::AddDestinationRequest>,
) -> Result<pb::AddDestinationResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("AddDestination", &actor, &request, |destination| {
        pb::AddDestinationResponse { destination: Some(convert::destination(destination)) }
    })
    .map_err(Error::from)?;
    let message = request.get_ref();
    let mut violations = FieldViolations::new();
    let places = funding_and_account(&mut violations, &message.funding_account_id, &message.account);
    let label = validate::text(&mut violations, "label", &message.label, LABEL_CHARS_MAX);
    violations.into_result().map_err(Error::from)?;
    let ((funding, account), label) = places.zip(label).expect("what is missing was noted as a violation");
    Ok(app::destinations::add(ctx, &actor, (funding, account, label), &once).await?)
}

/// Which funding account, and which account it may pay.
pub(super) fn funding_and_account(
    violations: &mut FieldViolations,
    funding: &str,
    account: &str,
) -> Option<(FundingAccountId, AccountId)> {
    let funding = validate::parse(violations, "funding_account_id", funding);
    funding.zip(validate::parse(violations, "account", account))
}
