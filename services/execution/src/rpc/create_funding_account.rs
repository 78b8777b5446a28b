//! `CreateFundingAccount`.

use auth::Actor;
use hedera::AccountId;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use super::{LABEL_CHARS_MAX, convert};
use crate::app::Context;
use crate::app::create_funding_account::{NewFundingAccount, create_funding_account};
use crate::error::Error;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::CreateFundingAccountRequest>,
) -> Result<pb::CreateFundingAccountResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("CreateFundingAccount", &actor, &request, |account| {
        pb::CreateFundingAccountResponse { funding_account: Some(convert::funding_account(account)) }
    })
    .map_err(Error::from)?;
    let new = read(request.get_ref())?;
    Ok(create_funding_account(ctx, &actor, new, &once).await?)
}

fn read(message: &pb::CreateFundingAccountRequest) -> Result<NewFundingAccount, Error> {
    let mut violations = FieldViolations::new();
    let label = validate::text(&mut violations, "label", &message.label, LABEL_CHARS_MAX);
    let account = validate::parse::<AccountId>(&mut violations, "account", &message.account);
    let key = validate::text(&mut violations, "key_reference", &message.key_reference, LABEL_CHARS_MAX);
    let fee_payer =
        validate::parse_optional(&mut violations, "fee_payer_account", &message.fee_payer_account);
    let separate = !message.fee_payer_account.is_empty();
    if separate == message.fee_payer_key_reference.is_empty() {
        violations.add(
            "fee_payer_key_reference",
            validate::REQUIRED,
            "give the fee payer's account and key together, or neither",
        );
    }
    violations.into_result()?;
    let ((label, account), key_reference) =
        label.zip(account).zip(key).expect("what is missing was noted as a violation");
    let fee_payer = fee_payer.flatten().map(|payer| (payer, message.fee_payer_key_reference.clone()));
    Ok(NewFundingAccount { label, account, key_reference, fee_payer })
}
