//! `QuoteRun`.

use proto::execution::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::validate;
use tonic::{Request, Status};

use crate::app::{self, Context};
use crate::error::Error;

pub(super) async fn handle(
    ctx: &Context,
    request: Request<pb::QuoteRunRequest>,
) -> Result<pb::QuoteRunResponse, Status> {
    let message = request.get_ref();
    let mut violations = FieldViolations::new();
    let funding = validate::parse(&mut violations, "funding_account_id", &message.funding_account_id);
    let asset = validate::parse(&mut violations, "asset", &message.asset);
    let total = validate::parse::<money::Units>(&mut violations, "total_units", &message.total_units);
    violations.into_result().map_err(Error::from)?;
    let ((funding, asset), total) =
        funding.zip(asset).zip(total).expect("what is missing was noted as a violation");
    let quote = app::quote_run::quote_run(ctx, funding, &asset, message.count, total.0).await?;
    Ok(pb::QuoteRunResponse {
        expected_fees_tinybars: quote.expected_fees_tinybars.to_string(),
        fee_payer_balance_tinybars: quote.fee_payer_balance_tinybars.to_string(),
        funding_units: quote.funding_units.to_string(),
        required_units: quote.required_units.to_string(),
        account: quote.account.to_string(),
        fee_payer_account: quote.fee_payer.to_string(),
        hbar_equivalent: quote.rate.hbar_equivalent,
        cent_equivalent: quote.rate.cent_equivalent,
        fee_on_receipt: quote.fee_on_receipt,
    })
}
