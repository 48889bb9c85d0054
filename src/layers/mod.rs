//! What happens around every handler, in one layer: each of axum's costs a request a clone of all that it surrounds.
//!
//! ```text
//! request_id    names the request, opens its span, logs its end
//! unread_body   reads or cuts off what a refusal did not wait for
//! problem_body  writes the body of every error
//! draining      turns new requests away while the process leaves
//! client_address  where it comes from, past trusted proxies
//! guard         who is calling, and may they (one per route, from its declared access)
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

/// What the layer has to know.
#[derive(Debug)]
pub(crate) struct FrontContext {
    /// Proxies that may say for whom they speak.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) draining: Draining,
}

/// From the outside in.
pub(crate) async fn wrap_request(
    State(known): State<Arc<FrontContext>>,
    request: Request,
    next: Next,
) -> Response {
    request_id::name_and_log(request, async |request| {
        drain_request_body::settle(request, async |request| {
            let mut response =
                problem_body::render(request, async |request| answer(&known, request, next).await)
                    .await;
            forbid_sniffing(&mut response);
            response
        })
        .await
    })
    .await
}

async fn answer(known: &FrontContext, mut request: Request, next: Next) -> Response {
    if let Some(refusal) = draining::refusal(&known.draining) {
        return refusal;
    }
    client_address::establish(&known.trusted_proxies, &mut request);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|_reason| problem_body::panicked())
}

/// An answer is what its `Content-Type` says, and nothing that a browser guesses.
fn forbid_sniffing(response: &mut Response) {
    response.headers_mut().insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}
