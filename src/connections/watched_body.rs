//! A response body that notes whether the client takes its parts.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::Activity;

/// The most bytes that the connection gets at once. It takes the next part when the client has taken most of this one,
/// so the body lives as long as it is sent, and little of it waits in the connection.
const PART_BYTES: usize = 32 * 1024;

/// The body of a response, and the end of its request.
#[derive(Debug)]
pub(crate) struct WatchedBody {
    body: Body,
    /// The rest of a part that was too large.
    rest: Bytes,
    request: RunningRequest,
    id: u64,
}

/// A request from its head to the end of its response. Noted as ended when it is dropped.
#[derive(Debug)]
pub(crate) struct RunningRequest(Arc<Activity>);

impl RunningRequest {
    /// Notes the begin of a request.
    pub(crate) fn begin(activity: &Arc<Activity>, is_http2: bool) -> Self {
        activity.request_began(is_http2);
        Self(Arc::clone(activity))
    }

    /// Watches the body of the response.
    pub(crate) fn watch(self, body: Body) -> WatchedBody {
        let id = self.0.new_body();
        WatchedBody {
            body,
            rest: Bytes::new(),
            request: self,
            id,
        }
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.request_ended();
    }
}

impl WatchedBody {
    /// The next part of the rest, if there is any.
    fn next_of_rest(&mut self) -> Option<Bytes> {
        let length = self.rest.len().min(PART_BYTES);
        (length > 0).then(|| self.rest.split_to(length))
    }

    /// Keeps all but the first part of a large frame for later.
    fn shorten(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_data() {
            Ok(mut data) if data.len() > PART_BYTES => {
                self.rest = data.split_off(PART_BYTES);
                Frame::data(data)
            }
            Ok(data) => Frame::data(data),
            Err(trailers) => trailers,
        }
    }
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = match self.next_of_rest() {
            Some(part) => Poll::Ready(Some(Ok(Frame::data(part)))),
            None => Pin::new(&mut self.body)
                .poll_frame(context)
                .map_ok(|frame| self.shorten(frame)),
        };
        // A poll means that the client has taken the parts before. If none is ready, the client waits for the server.
        let has_unread = matches!(polled, Poll::Ready(Some(Ok(_))));
        self.request.0.body(self.id, has_unread);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, mut hint) = (self.rest.len() as u64, self.body.size_hint());
        // The upper bound first, because it must not be below the lower one.
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.request.0.body(self.id, false);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::super::{ConnectionLimits, Registry};
    use super::*;

    fn watched(body: Vec<u8>) -> WatchedBody {
        let registry = Registry::new(ConnectionLimits::of_process(&[]));
        let (slot, _closed) = registry.admit("192.0.2.1".parse().unwrap()).unwrap();
        let activity = Arc::new(Activity::new(slot));
        RunningRequest::begin(&activity, false).watch(Body::from(body))
    }

    #[tokio::test]
    async fn large_body_arrives_complete_in_small_parts() {
        for length in [0, 1, PART_BYTES, PART_BYTES + 1, 5 * PART_BYTES + 7] {
            let bytes: Vec<u8> = (0..length)
                .map(|n| u8::try_from(n % 251).unwrap())
                .collect();
            let mut body = watched(bytes.clone());
            assert_eq!(body.size_hint().exact(), Some(length as u64));
            let mut received = Vec::new();
            while let Some(frame) = body.frame().await {
                let part = frame.unwrap().into_data().unwrap();
                assert!(part.len() <= PART_BYTES);
                received.extend_from_slice(&part);
                let left = (length - received.len()) as u64;
                assert_eq!(body.size_hint().exact(), Some(left));
                assert_eq!(body.is_end_stream(), left == 0, "{length}");
            }
            assert_eq!(received, bytes);
        }
    }
}
