//! The JSON body of a request. `Content-Type` and the body itself are optional.
//!
//! Owns the reading of the body and its limits of size and time. An empty body counts as `{}`, so that the error names
//! the missing field. Never quotes what was sent.

use std::time::Duration;

use actors::ApiError;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};

use super::body_field::{FieldType, Fields};
use super::{FieldErrors, bounded_json, request_body};
use crate::error::{HttpError, PartnerError};
use crate::router::BODY_LIMIT;

/// The time limit from the end of the headers to the end of the body. A slow body must not hold its caller's permit.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest body that the route accepts, in bytes. The guard of the route sets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub(crate) usize);

/// A body of type `T`: an object of [`super::Field`]s or an array of such objects.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: Fields> Body<T> {
    /// Returns the values of the right type, and the errors of the fields without one.
    pub(crate) fn read(self) -> (T::Values, FieldErrors) {
        let mut errors = FieldErrors::of_body();
        (self.0.read(&mut errors), errors)
    }
}

request_body! {
    struct NoFields {}
}

/// The body of a route without fields: empty or `{}`. Every field is an error.
pub(crate) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = PartnerError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let body = Body::<NoFields>::from_request(request, state).await?;
        let (_, errors) = body.read();
        Ok(errors.finish(|| Some(Self))?)
    }
}

impl<T: FieldType, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = PartnerError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let bytes = read(request, state).await?;
        let json = bounded_json::parse(&bytes)?;
        T::from_json(json)
            .map(Self)
            .ok_or_else(|| ApiError::field(&["body"], T::EXPECTED).into())
    }
}

/// Reads the whole body.
///
/// # Errors
/// `PayloadTooLarge` over the limit of the route, `BodyTimeout` after [`BODY_TIMEOUT`], `UnreadableBody` if the
/// connection fails.
pub(crate) async fn read<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<Bytes, PartnerError> {
    let limit = request.extensions().get::<BodyLimit>().copied();
    let limit = limit.unwrap_or(BodyLimit(BODY_LIMIT));
    if announced(&request).is_some_and(|length| length > limit.0) {
        return Err(too_large(limit).into());
    }
    match tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await {
        Ok(read) => read.map_err(|rejection| unreadable(&rejection, limit).into()),
        Err(_) => Err(HttpError::BodyTimeout.into()),
    }
}

/// The length in `Content-Length`, which allows a rejection before the body is read.
fn announced(request: &Request) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn too_large(limit: BodyLimit) -> HttpError {
    HttpError::PayloadTooLarge {
        limit_kib: limit.0 / 1024,
    }
}

fn unreadable(rejection: &BytesRejection, limit: BodyLimit) -> HttpError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        too_large(limit)
    } else {
        HttpError::UnreadableBody
    }
}
