//! What becomes of a body that its answer did not wait for: a refusal (401, 413, 429) needs no byte of it.
//!
//! A server that answers and closes while the client still writes makes the client's system throw the answer away (RFC 9112,
//! section 9.6), and a client that reuses such a connection loses its next request to it. So a moderate rest is read and
//! dropped, and past that the answer says `Connection: close`. Never looks at a body that its handler read, and costs a
//! request with a small body one comparison.

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

/// A body of no more than this has arrived with its headers, bytes: the connection reads that much ahead.
const ARRIVED: usize = 8 * 1024;
/// The most that is read for nothing, bytes, and for how long.
const MOST: usize = 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(1);

/// Reads the moderate rest of a body that was not asked for; closes the connection on a larger one.
pub(crate) async fn settle(
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if !may_outlive_its_answer(request.headers()) {
        return next(request).await;
    }
    // Whoever waits for `100 Continue` has sent nothing yet, and reading would ask for it.
    let waits = request.headers().contains_key(header::EXPECT);
    let mut rest = None;
    let request = request.map(|body| {
        let lent = Lent::new(body);
        rest = Some(lent.clone());
        Body::new(lent)
    });
    let mut response = next(request).await;
    let rest = rest.and_then(|lent| lent.take_back());
    let settled = match rest {
        Some(rest) if !rest.is_end_stream() => !waits && drop_rest(rest).await,
        _ => true,
    };
    if !settled {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether there may be more to come when the answer is ready: a long body, or one of unknown length.
fn may_outlive_its_answer(headers: &HeaderMap) -> bool {
    let Some(length) = headers.get(header::CONTENT_LENGTH) else {
        return headers.contains_key(header::TRANSFER_ENCODING);
    };
    let length = length.to_str().ok().and_then(|text| text.parse().ok());
    length.is_none_or(|length: usize| length > ARRIVED)
}

/// Whether the end of the body was reached within bounds.
async fn drop_rest(mut body: Body) -> bool {
    let reading = async {
        let mut left = MOST;
        while let Some(frame) = body.frame().await {
            let length = frame.ok()?.data_ref().map_or(0, Bytes::len);
            left = left.checked_sub(length)?;
        }
        Some(())
    };
    matches!(tokio::time::timeout(LONGEST, reading).await, Ok(Some(())))
}

/// A body that can be taken back from the handler that it was lent to.
#[derive(Clone)]
struct Lent(Arc<Mutex<Option<Body>>>);

impl Lent {
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

impl HttpBody for Lent {
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
