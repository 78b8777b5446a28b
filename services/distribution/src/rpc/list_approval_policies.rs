//! `ListApprovalPolicies`.

use auth::Actor;
use proto::distribution::v1::{ListApprovalPoliciesRequest, ListApprovalPoliciesResponse};
use service_kit::page::{self, Filters, PageToken};
use tonic::{Request, Status};

use super::approval_convert;
use crate::app::{self, App};
use crate::error::Error;
use crate::store::policies::Cursor;

pub(super) async fn handle(
    app: &App,
    request: Request<ListApprovalPoliciesRequest>,
) -> Result<ListApprovalPoliciesResponse, Status> {
    Actor::from_request(&request)?;
    let message = request.into_inner();
    let size = page::size(message.page_size).map_err(Error::from)?;
    let filters = Filters::of(&ListApprovalPoliciesRequest::default());
    let after = PageToken::decode::<Cursor>(&message.page_token, filters).map_err(Error::from)?;
    let mut found = app::list_approval_policies(app, after, size + 1).await?;
    let last = page::cut(&mut found, size).map(Cursor::after);
    Ok(ListApprovalPoliciesResponse {
        policies: found.iter().map(approval_convert::policy).collect(),
        next_page_token: PageToken::encode(last.as_ref(), filters),
    })
}
