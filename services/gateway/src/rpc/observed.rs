//! An answer on its way to the caller, watched for how it ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::app::Ticket;

/// Records the status of the answer's trailers. Dropped before they came, the call was cut off.
pub(super) struct Observed {
    inner: Body,
    ticket: Option<Ticket>,
}

impl Observed {
    /// Watches the answer whose head is `headers`.
    pub(super) fn watch(headers: &HeaderMap, inner: Body, ticket: Option<Ticket>) -> Body {
        let Some(ticket) = ticket else { return inner };
        // An error without a message has its status in the head, and no trailers.
        if let Some(status) = Status::from_header_map(headers) {
            finish(ticket, &status);
            return inner;
        }
        if http_body::Body::is_end_stream(&inner) {
            ticket.finish(Code::Unknown, None);
            return inner;
        }
        Body::new(Observed { inner, ticket: Some(ticket) })
    }
}

fn finish(ticket: Ticket, status: &Status) {
    let reason = status.get_details_error_info().map(|info| info.reason);
    ticket.finish(status.code(), reason);
}

impl http_body::Body for Observed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        let status = match &polled {
            Poll::Ready(Some(Ok(frame))) => frame.trailers_ref().and_then(Status::from_header_map),
            Poll::Ready(Some(Err(status))) => Some(status.clone()),
            Poll::Ready(None) => Some(Status::unknown("the answer has no status")),
            Poll::Pending => None,
        };
        if let Some(status) = status
            && let Some(ticket) = this.ticket.take()
        {
            finish(ticket, &status);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
