//! The processing around every handler, from the outside in.
//!
//! All of it is one axum layer, because each additional layer clones the service that it wraps for every request. Only
//! `guard` is separate: there is one per route.
//!
//! ```text
//! request_id          assigns the request id, opens the span
//! request_log         logs the end of the request with its caller and the code of its error
//! drain_request_body  discards the unread rest of a request body, or closes the connection
//! problem_body        writes the body of every error
//! draining            rejects new requests during shutdown
//! single_headers      rejects requests with two lines of a header of which only one can count
//! client_address      finds the client address behind trusted proxies
//! guard               authenticates and authorizes the caller, from the access that the route declares
//! ```

pub(crate) mod client_address;
pub(crate) mod drain_request_body;
pub(crate) mod draining;
pub(crate) mod guard;
pub(crate) mod problem_body;
pub(crate) mod request_id;
pub(crate) mod request_log;
pub(crate) mod single_headers;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt as _;
use ipnet::IpNet;

use self::request_log::RefusalCounts;
use crate::app_state::Draining;
use crate::http_metrics::HttpMetrics;
use crate::router;

/// The context of the layer.
#[derive(Debug)]
pub(crate) struct FrontContext {
    /// Networks of the proxies whose `X-Forwarded-For` is trusted.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) draining: Draining,
    pub(crate) refusals: RefusalCounts,
    pub(crate) metrics: Arc<HttpMetrics>,
}

/// Runs the parts of the layer around the handler, from the outside in.
pub(crate) async fn wrap_request(
    State(context): State<Arc<FrontContext>>,
    request: Request,
    next: Next,
) -> Response {
    request_id::name_and_log(&context, request, async |request| {
        drain_request_body::settle(request, async |request| {
            let mut response = problem_body::render(request, async |request| {
                handle(&context, request, next).await
            })
            .await;
            forbid_sniffing(&mut response);
            response
        })
        .await
    })
    .await
}

async fn handle(context: &FrontContext, mut request: Request, next: Next) -> Response {
    let client = client_address::establish(&context.trusted_proxies, &mut request);
    let refusal = draining::refusal(&context.draining);
    let mut response = match refusal.or_else(|| single_headers::refusal(&request)) {
        Some(refusal) => refusal,
        None => answer(request, next).await,
    };
    response.extensions_mut().insert(client);
    response
}

async fn answer(request: Request, next: Next) -> Response {
    let is_keyed = request.headers().contains_key("idempotency-key");
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let outcome = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = outcome.unwrap_or_else(|_reason| problem_body::panicked());
    if is_keyed
        && response.status() == StatusCode::SERVICE_UNAVAILABLE
        && route.is_some_and(|route| router::takes_idempotency_key(&method, route.as_str()))
    {
        // The retry of a stored request is safe, even if its outcome is unknown.
        let retry_after = response.headers_mut().entry(header::RETRY_AFTER);
        retry_after.or_insert(HeaderValue::from_static("1"));
    }
    response
}

/// Forbids browsers to guess a type other than `Content-Type`.
fn forbid_sniffing(response: &mut Response) {
    response.headers_mut().insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}
