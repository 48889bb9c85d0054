//! Writes the body of every error response.
//!
//! Errors of this service carry a [`Problem`]. An error without one comes from a library (405, an extractor of axum)
//! and is rendered from its status, so that no error has a plain-text or empty body. Never changes a status.

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::request_id::RequestId;
use crate::error::{Code, HttpError, PartnerError};
use crate::problem::{self, Problem};
use crate::router;

/// Runs the request and renders the [`Problem`] that [`crate::error::PartnerError`] stored in the response extensions.
pub(crate) async fn render(
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let id = request
        .extensions()
        .get::<RequestId>()
        .cloned()
        .unwrap_or_default();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next(request).await;
    let own = response.extensions_mut().remove::<Problem>();
    let problem =
        own.or_else(|| library_problem(&response, route.as_ref().map(MatchedPath::as_str)));
    let Some(problem) = problem else {
        return response;
    };
    let body = serde_json::to_vec(&problem.document(id.as_str())).unwrap_or_default();
    response.extensions_mut().insert(problem.code);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(problem::CONTENT_TYPE),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Body::from(body);
    response
}

/// A problem for an error that a library made. `None` for a success and for an error with a JSON body.
fn library_problem(response: &Response, route: Option<&str>) -> Option<Problem> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || is_json(response.headers()) {
        return None;
    }
    let detail = match status {
        StatusCode::METHOD_NOT_ALLOWED => wrong_method(route.unwrap_or_default()),
        _ if status.is_server_error() => {
            "something went wrong on our side; quote the request id to support".to_owned()
        }
        _ => {
            "the request is malformed; see /docs for the format that this route accepts".to_owned()
        }
    };
    Some(Problem::new(Code::for_status(status), detail))
}

fn wrong_method(route: &str) -> String {
    match router::methods_of(route) {
        Some(methods) => format!("this route does not support this method; use {methods}"),
        None => "this route does not support this method; see /docs".to_owned(),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|kind| kind.starts_with("application/json"))
}

/// The response after a handler panicked. The panic message is in the log and never in the response.
pub(crate) fn panicked() -> Response {
    PartnerError::from(HttpError::Bug).into_response()
}
