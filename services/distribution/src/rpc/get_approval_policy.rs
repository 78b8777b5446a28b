//! `GetApprovalPolicy`.

use auth::Actor;
use proto::distribution::v1::{GetApprovalPolicyRequest, GetApprovalPolicyResponse};
use service_kit::error::FieldViolations;
use tonic::{Request, Status};

use super::approval_convert;
use crate::app::{self, App};
use crate::error::Error;

pub(super) async fn handle(
    app: &App,
    request: Request<GetApprovalPolicyRequest>,
) -> Result<GetApprovalPolicyResponse, Status> {
    Actor::from_request(&request)?;
    let message = request.get_ref();
    let mut violations = FieldViolations::new();
    let scope = approval_convert::scope(&mut violations, app.network, message.kind, &message.payment_token);
    violations.into_result().map_err(Error::from)?;
    let found = app::get_approval_policy(app, &scope, message.version).await?;
    Ok(GetApprovalPolicyResponse { policy: Some(approval_convert::policy(&found)) })
}
