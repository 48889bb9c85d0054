//! The id of a request, and the span of everything that is logged about it.
//!
//! Owns `X-Request-Id` and reads `traceparent`. The span has the method and the route template.

use std::sync::Arc;
use std::time::Instant;

use actors::domain::trace_context::TraceContext;
use actors::trace;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{FrontContext, request_log};
use crate::error::Code;
use crate::http_metrics::Handling;
use crate::router;

/// The header with the request id, on requests and on every response.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The header with the trace of the request. Deliveries that the request causes continue the trace.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The route of a request without one, in logs and metrics.
const UNMATCHED: &str = "unmatched";
/// The longest accepted request id, in bytes. It bounds the size of log lines.
const MAX_LEN: usize = 128;

/// The request id, in the extensions of the request.
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

    /// The id from the caller if it is valid, otherwise a new one.
    fn choose(offered: Option<&HeaderValue>) -> Self {
        let offered = offered.and_then(|value| value.to_str().ok());
        offered
            .filter(|text| is_valid(text))
            .map_or_else(Self::default, |text| Self(text.into()))
    }
}

/// Whether the text has 1–128 characters that are safe in logs, headers and terminals: letters, digits, `.`, `_`, `-`.
fn is_valid(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= MAX_LEN && text.bytes().all(allowed)
}

/// Assigns the request id, runs the request inside its span, and logs its end.
pub(crate) async fn name_and_log(
    context: &FrontContext,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let id = RequestId::choose(request.headers().get(HEADER));
    request.extensions_mut().insert(id.clone());
    let trace = trace_of(request.headers().get(TRACEPARENT));
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or(UNMATCHED, |path| {
        router::template(path.as_str()).unwrap_or(UNMATCHED)
    });
    let method = request_log::method_name(request.method());
    let span = tracing::info_span!(
        "request",
        method,
        route,
        request_id = id.as_str(),
        trace_id = trace.trace_id(),
    );
    let started = Instant::now();
    let measured = Handling::begin(&context.metrics, method, route);
    let handling = trace::with_trace(trace, next(request));
    let mut response = handling.instrument(span.clone()).await;
    let code = response.extensions().get::<Code>();
    measured.end(response.status().as_u16(), code.map(|code| code.as_str()));
    span.in_scope(|| request_log::log_end(&context.refusals, route, &response, started));
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// The trace from the caller's `traceparent` (W3C Trace Context) if it is valid, otherwise a new trace.
fn trace_of(offered: Option<&HeaderValue>) -> TraceContext {
    let offered = offered.and_then(|value| value.to_str().ok());
    let continued = offered.and_then(TraceContext::parse);
    continued.unwrap_or_else(trace::new_trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(offered: &[u8]) -> String {
        let value = HeaderValue::from_bytes(offered).unwrap();
        RequestId::choose(Some(&value)).as_str().to_owned()
    }

    #[test]
    fn valid_id_is_kept() {
        assert_eq!(chosen(b"trace-1.2_x"), "trace-1.2_x");
        assert_eq!(chosen("a".repeat(128).as_bytes()), "a".repeat(128));
    }

    #[test]
    fn invalid_id_is_replaced() {
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
