//! A response body that ends when it is told to, with a status the caller can read.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

/// What comes out of `inner` until `ends` is ready; then the trailers of the status it gave, and no more.
///
/// `grpc-timeout` and tonic's own time limit end at the response's headers: without this a stream outlives
/// its deadline, its token and its server. `held` lives as long as the body, for a permit or a count.
pub struct Bounded<H> {
    inner: Option<Body>,
    ends: BoxFuture<'static, Status>,
    _held: H,
}

impl<H: Send + Unpin + 'static> Bounded<H> {
    /// A body that is bounded by `ends`.
    pub fn wrap(inner: Body, ends: BoxFuture<'static, Status>, held: H) -> Body {
        // An empty body is one whose status is already in the headers: there is nothing left to bound.
        if http_body::Body::is_end_stream(&inner) {
            return inner;
        }
        Body::new(Bounded { inner: Some(inner), ends, _held: held })
    }
}

impl<H: Send + Unpin + 'static> http_body::Body for Bounded<H> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Some(inner) = this.inner.as_mut() else { return Poll::Ready(None) };
        if let Poll::Ready(status) = this.ends.as_mut().poll(cx) {
            // Dropping the inner body is what cancels the work behind it.
            this.inner = None;
            let mut trailers = HeaderMap::new();
            return Poll::Ready(Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))));
        }
        Pin::new(inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
