//! `GetSweep`.

use proto::execution::v1 as pb;
use tonic::{Request, Status};

use crate::app::Context;
use crate::app::sweep::{SweepView, view};
use crate::domain::sweep::{Payer, Reason};

pub(super) async fn handle(
    ctx: &Context,
    _request: Request<pb::GetSweepRequest>,
) -> Result<pb::GetSweepResponse, Status> {
    Ok(pb::GetSweepResponse { sweep: Some(sweep(&view(ctx).await?)) })
}

/// A sweep as it is sent.
pub(super) fn sweep(view: &SweepView) -> pb::Sweep {
    let SweepView { sweep, payers, adopted, waiting, breaks } = view;
    let reason = match sweep.reason {
        Reason::First => pb::SweepReason::First,
        Reason::SystemIdentifierChanged => pb::SweepReason::SystemIdentifierChanged,
        Reason::TimelineChanged => pb::SweepReason::TimelineChanged,
        Reason::Declared => pb::SweepReason::Declared,
    };
    pb::Sweep {
        number: sweep.number.cast_signed(),
        reason: reason.into(),
        // PostgreSQL shows it without a sign.
        system_identifier: sweep.identity.system_identifier.cast_unsigned().to_string(),
        timeline: sweep.identity.timeline,
        wanted_by: sweep.wanted_by.clone(),
        note: sweep.note.clone(),
        want_time: Some(sweep.wanted_at.into()),
        since_ns: sweep.span.since_ns,
        until_ns: sweep.span.until_ns,
        payers: payers.iter().map(payer).collect(),
        adopted: *adopted,
        waiting: *waiting,
        breaks: *breaks,
        done_time: sweep.done_at.map(Into::into),
    }
}

fn payer(payer: &Payer) -> pb::SweepPayer {
    pb::SweepPayer {
        account: payer.account.to_string(),
        seen_ns: payer.cursor_ns,
        pages: payer.pages,
        done: payer.done,
    }
}
