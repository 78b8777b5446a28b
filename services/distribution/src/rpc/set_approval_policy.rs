//! `SetApprovalPolicy`.

use auth::Actor;
use proto::distribution::v1::{SetApprovalPolicyRequest, SetApprovalPolicyResponse};
use service_kit::idempotency;
use tonic::{Request, Status};

use super::approval_convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<SetApprovalPolicyRequest>,
) -> Result<SetApprovalPolicyResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let draft = approval_convert::read_policy(request.get_ref(), app.network).map_err(Error::from)?;
    let once = idempotency::once("SetApprovalPolicy", &actor, &request, |policy| SetApprovalPolicyResponse {
        policy: Some(approval_convert::policy(policy)),
    })
    .map_err(Error::from)?;
    Ok(app::set_approval_policy(app, &actor, draft, &once).await?)
}
