//! `ListCarryForwards`.

use auth::Actor;
use proto::distribution::v1::{ListCarryForwardsRequest, ListCarryForwardsResponse};
use service_kit::error::FieldViolations;
use service_kit::page::{self, Filters, PageToken};
use service_kit::validate;
use tonic::{Request, Status};

use super::{amounts, draft};
use crate::app::{self, App};
use crate::error::Error;
use crate::store::carries::{Cursor, Filter};

pub(super) async fn handle(
    app: &App,
    request: Request<ListCarryForwardsRequest>,
) -> Result<ListCarryForwardsResponse, Status> {
    Actor::from_request(&request)?;
    let message = request.into_inner();
    let filter = filter(app, &message)?;
    let size = page::size(message.page_size).map_err(Error::from)?;
    let asked = ListCarryForwardsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
    let filters = Filters::of(&asked);
    let after = PageToken::decode::<Cursor>(&message.page_token, filters).map_err(Error::from)?;
    let mut found = app::list_carry_forwards(app, &filter, after, size + 1).await?;
    let last = page::cut(&mut found, size).map(Cursor::after);
    Ok(ListCarryForwardsResponse {
        carry_forwards: found.iter().map(amounts::carry_forward).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}

fn filter(app: &App, message: &ListCarryForwardsRequest) -> Result<Filter, Error> {
    let mut violations = FieldViolations::new();
    let found = &mut violations;
    let asset = validate::parse(found, "asset_id", &message.asset_id);
    let payment_token = if message.payment_token.is_empty() {
        None
    } else {
        draft::payment_token(found, "payment_token", app.network, &message.payment_token)
    };
    let account = validate::parse_optional(found, "account", &message.account).flatten();
    let status = validate::known(found, "status", message.status).and_then(amounts::status_in);
    violations.into_result()?;
    Ok(Filter {
        asset: asset.expect("what is missing was noted as a violation"),
        payment_token,
        account,
        status,
    })
}
