//! The name of a request, its span, and the one log line at its end.
//!
//! Owns `X-Request-Id`, and reads `traceparent`. Logs method, route template, status and latency; never a body, a query string or a header.

use std::sync::Arc;
use std::time::Instant;

use actors::domain::trace_context::TraceContext;
use actors::trace;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use tracing::Instrument as _;
use uuid::Uuid;

/// Sent back on every response.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Names the trace that the request belongs to; every delivery that follows from it carries it on.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// A longer one is not a token but an attempt to fill the log.
const MAX_LEN: usize = 128;

/// The request's name, in its extensions.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(Arc<str>);

impl Default for RequestId {
    fn default() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }
}

impl RequestId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The caller's own id where it is a sane token, else a new one.
    fn choose(offered: Option<&HeaderValue>) -> Self {
        let offered = offered.and_then(|value| value.to_str().ok());
        offered
            .filter(|text| is_sane(text))
            .map_or_else(Self::default, |text| Self(text.into()))
    }
}

/// 1–128 characters of a set that no log, header or terminal can trip over.
fn is_sane(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= MAX_LEN && text.bytes().all(allowed)
}

/// Names the request, runs it inside its span, and logs how it ended.
pub(crate) async fn name_and_log(
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let id = RequestId::choose(request.headers().get(HEADER));
    request.extensions_mut().insert(id.clone());
    let trace = trace_of(request.headers().get(TRACEPARENT));
    let span = tracing::info_span!(
        "request",
        method = %request.method(),
        route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str),
        request_id = id.as_str(),
        trace_id = trace.trace_id(),
    );
    let started = Instant::now();
    let answering = trace::within(trace, next(request));
    let mut response = answering.instrument(span.clone()).await;
    span.in_scope(|| log_end(response.status().as_u16(), started));
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// The caller's trace where it names one (W3C Trace Context), else a trace of its own.
fn trace_of(offered: Option<&HeaderValue>) -> TraceContext {
    let offered = offered.and_then(|value| value.to_str().ok());
    let known = offered.and_then(TraceContext::parse);
    known.unwrap_or_else(trace::fresh)
}

fn log_end(status: u16, started: Instant) {
    let latency_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    match status {
        500 => tracing::error!(status, latency_us, "answered"),
        501.. => tracing::warn!(status, latency_us, "answered"),
        _ => tracing::info!(status, latency_us, "answered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(offered: &[u8]) -> String {
        let value = HeaderValue::from_bytes(offered).unwrap();
        RequestId::choose(Some(&value)).as_str().to_owned()
    }

    #[test]
    fn a_sane_token_is_kept() {
        assert_eq!(chosen(b"trace-1.2_x"), "trace-1.2_x");
        assert_eq!(chosen("a".repeat(128).as_bytes()), "a".repeat(128));
    }

    #[test]
    fn anything_else_is_replaced() {
        let long = "a".repeat(129);
        for offered in [
            &b""[..],
            b"two words",
            b"<script>",
            "é".as_bytes(),
            long.as_bytes(),
        ] {
            let chosen = chosen(offered);
            assert_eq!(Uuid::parse_str(&chosen).unwrap().get_version_num(), 7);
        }
    }
}
