//! The processing around every handler, from the outside in.
//!
//! All of it is one axum layer, because each additional layer clones the service that it wraps for every request. Only
//! `guard` is separate: there is one per route.
//!
//! ```text
//! request_id          assigns the request id, opens the span, logs the end of the request
//! drain_request_body  discards the unread rest of a request body, or closes the connection
//! problem_body        writes the body of every error
//! draining            rejects new requests during shutdown
//! client_address      finds the client address behind trusted proxies
//! guard               authenticates and authorizes the caller, from the access that the route declares
//! ```

pub(crate) mod client_address;
pub(crate) mod drain_request_body;
pub(crate) mod draining;
pub(crate) mod guard;
pub(crate) mod problem_body;
pub(crate) mod request_id;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt as _;
use ipnet::IpNet;

use crate::app_state::Draining;

/// The context of the layer.
#[derive(Debug)]
pub(crate) struct FrontContext {
    /// Networks of the proxies whose `X-Forwarded-For` is trusted.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) draining: Draining,
}

/// Runs the parts of the layer around the handler, from the outside in.
pub(crate) async fn wrap_request(
    State(context): State<Arc<FrontContext>>,
    request: Request,
    next: Next,
) -> Response {
    request_id::name_and_log(request, async |request| {
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
    if let Some(refusal) = draining::refusal(&context.draining) {
        return refusal;
    }
    client_address::establish(&context.trusted_proxies, &mut request);
    let outcome = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    outcome.unwrap_or_else(|_reason| problem_body::panicked())
}

/// Forbids browsers to guess a type other than `Content-Type`.
fn forbid_sniffing(response: &mut Response) {
    response.headers_mut().insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}
