//! `CheckRecipients`.

use hedera::mirror::AccountRef;
use money::AssetCode;
use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::Context;
use crate::app::check_recipients::{self, Check, RECIPIENTS_MAX};
use crate::clients::hedera_rail::rail_asset;
use crate::error::Error;
use crate::rpc::convert;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::CheckRecipientsRequest>,
) -> Result<pb::CheckRecipientsResponse, Status> {
    let (asset, recipients) = read(request.get_ref())?;
    let checks = check_recipients::check_recipients(ctx, asset.as_ref(), &recipients).await?;
    Ok(pb::CheckRecipientsResponse { checks: checks.iter().map(show).collect() })
}

fn read(message: &pb::CheckRecipientsRequest) -> Result<(Option<AssetCode>, Vec<AccountRef>), Error> {
    let mut violations = FieldViolations::new();
    let asset = (!message.resolve_only).then(|| asset(&mut violations, &message.asset)).flatten();
    validate::within(&mut violations, "recipients", message.recipients.len(), 1, RECIPIENTS_MAX);
    let names = message.recipients.iter().take(RECIPIENTS_MAX).enumerate();
    let names = names.filter_map(|(index, text)| recipient(&mut violations, index, text)).collect();
    violations.into_result()?;
    Ok((asset, names))
}

fn asset(violations: &mut FieldViolations, text: &str) -> Option<AssetCode> {
    let asset: AssetCode = validate::parse(violations, "asset", text)?;
    if rail_asset(&asset, 0).is_err() {
        violations.add("asset", validate::MALFORMED, "an asset of a Hedera network");
        return None;
    }
    Some(asset)
}

fn recipient(violations: &mut FieldViolations, index: usize, text: &str) -> Option<AccountRef> {
    let field = format!("recipients[{index}]");
    if text.starts_with("0x") {
        return validate::parse(violations, &field, text).map(AccountRef::Evm);
    }
    let id: hedera::AccountId = validate::parse(violations, &field, text)?;
    if (id.shard(), id.realm()) != (0, 0) {
        violations.add(field, validate::OUT_OF_RANGE, "accounts of shard 0 and realm 0 only");
        return None;
    }
    Some(AccountRef::Id(id))
}

fn show(check: &Check) -> pb::RecipientCheck {
    pb::RecipientCheck {
        account: check.account.map(|account| account.to_string()).unwrap_or_default(),
        problem: check.problem.as_ref().map(convert::failure),
    }
}
