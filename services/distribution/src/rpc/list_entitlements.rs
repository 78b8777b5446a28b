//! `ListEntitlements`.

use auth::Actor;
use ids::DistributionId;
use proto::distribution::v1::{ListEntitlementsRequest, ListEntitlementsResponse};
use service_kit::error::{FieldViolations, Problem};
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use super::convert;
use crate::app::{self, App, OwedCursor};
use crate::domain::treatment::Treatment;
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<ListEntitlementsRequest>,
) -> Result<ListEntitlementsResponse, Status> {
    Actor::from_request(&request)?;
    let message = request.into_inner();
    let (id, treatment) = filter(&message).map_err(Error::from)?;
    let size = page::size(message.page_size).map_err(Error::from)?;
    let asked = ListEntitlementsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
    let filters = Filters::of(&asked);
    let after = PageToken::decode::<OwedCursor>(&message.page_token, filters).map_err(Error::from)?;
    let mut found = app::list_entitlements(app, id, treatment, after, size + 1).await?;
    let last = page::cut(&mut found, size).map(OwedCursor::after);
    Ok(ListEntitlementsResponse {
        entitlements: found.iter().map(convert::entitlement).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}

fn filter(message: &ListEntitlementsRequest) -> Result<(DistributionId, Option<Treatment>), Problem> {
    let mut violations = FieldViolations::new();
    let id = validate::parse(&mut violations, "distribution_id", &message.distribution_id);
    let treatment =
        validate::known(&mut violations, "treatment", message.treatment).and_then(convert::treatment_in);
    violations.into_result()?;
    Ok((id.expect("what is missing was noted as a violation"), treatment))
}
