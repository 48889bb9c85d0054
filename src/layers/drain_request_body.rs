//! Discards the rest of a request body that the response did not need. A rejection (401, 413, 429) reads none of it.
//!
//! If a server responds and closes while the client still writes, the client's system may discard the response (RFC
//! 9112, section 9.6). A client that reuses such a connection loses its next request. Therefore a rest of moderate size
//! is read and discarded. If the rest is larger or slower, the response says `Connection: close`. Never reads a body
//! that the handler has read to its end. A request with a small body costs one comparison.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;

/// A body up to this size arrives with its headers, because the connection reads ahead that far. In bytes.
const READ_AHEAD_BYTES: usize = 8 * 1024;
/// The largest rest that is discarded, in bytes.
const MAX_DISCARDED_BYTES: usize = 1024 * 1024;
/// The time limit for discarding the rest.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs the request. Then discards the unread rest of its body, or closes the connection if the rest is too large.
pub(crate) async fn settle(
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if !may_remain_unread(request.headers()) {
        return next(request).await;
    }
    // A client that waits for `100 Continue` has sent no body yet. Reading would request it.
    let expects_continue = request.headers().contains_key(header::EXPECT);
    let mut rest = None;
    let request = request.map(|body| {
        let lent = ReclaimableBody::new(body);
        rest = Some(lent.clone());
        Body::new(lent)
    });
    let mut response = next(request).await;
    let rest = rest.and_then(|lent| lent.take_back());
    let settled = match rest {
        Some(rest) if !rest.is_end_stream() => !expects_continue && drop_rest(rest).await,
        _ => true,
    };
    if !settled {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether part of the body may be outstanding when the response is ready: a large body or one of unknown length.
fn may_remain_unread(headers: &HeaderMap) -> bool {
    let Some(length) = headers.get(header::CONTENT_LENGTH) else {
        return headers.contains_key(header::TRANSFER_ENCODING);
    };
    let length = length.to_str().ok().and_then(|text| text.parse().ok());
    length.is_none_or(|length: usize| length > READ_AHEAD_BYTES)
}

/// Discards the body. Returns whether its end was reached within the limits.
async fn drop_rest(mut body: Body) -> bool {
    let reading = async {
        let mut left = MAX_DISCARDED_BYTES;
        while let Some(frame) = body.frame().await {
            let length = frame.ok()?.data_ref().map_or(0, Bytes::len);
            left = left.checked_sub(length)?;
        }
        Some(())
    };
    matches!(
        tokio::time::timeout(DISCARD_TIMEOUT, reading).await,
        Ok(Some(()))
    )
}

/// A body that the handler reads and that this module can take back afterwards.
#[derive(Clone)]
struct ReclaimableBody(Arc<Mutex<Option<Body>>>);

impl ReclaimableBody {
    fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Some(body))))
    }

    fn take_back(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn with<T>(&self, otherwise: T, act: impl FnOnce(&mut Body) -> T) -> T {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.as_mut().map_or(otherwise, act)
    }
}

impl HttpBody for ReclaimableBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(Poll::Ready(None), |body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.with(true, |body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(SizeHint::default(), |body| body.size_hint())
    }
}
