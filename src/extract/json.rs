//! The JSON body of a request. `Content-Type` and the body itself are optional.
//!
//! Owns the reading of the body and its limits of size and time. An empty body counts as `{}`, so that the error names
//! the missing field. Never quotes what was sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::ApiError;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use http_body_util::BodyExt as _;
use tokio::time::Instant;

use super::body_budget::{BodyBudget, BodyOwner, Reservation};
use super::body_field::{FieldType, Fields};
use super::{FieldErrors, bounded_json, request_body};
use crate::error::{HttpError, PartnerError};
use crate::router::BODY_LIMIT;

/// The time limit from the end of the headers to the end of the body. A slow body must not hold its caller's permit.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A body up to this size gets its memory at once, in bytes.
const SMALL_BODY: usize = 64 * 1024;

/// The memory of the body of a request. The guard of the route sets it, and frees it after the response.
#[derive(Debug, Clone)]
pub(crate) struct BodyMemory(Arc<Mutex<Reservation>>);

impl BodyMemory {
    pub(crate) fn new(reservation: Reservation) -> Self {
        Self(Arc::new(Mutex::new(reservation)))
    }

    fn of(request: &Request) -> Self {
        let known = request.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| Self::new(BodyBudget::default().reserve(BodyOwner::Support)))
    }

    fn grow(&self, bytes: usize) -> Result<(), PartnerError> {
        let mut reservation = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(reservation.grow(bytes)?)
    }
}

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

    async fn from_request(request: Request, _state: &S) -> Result<Self, Self::Rejection> {
        let bytes = read(request).await?;
        let json = bounded_json::parse(&bytes)?;
        T::from_json(json)
            .map(Self)
            .ok_or_else(|| ApiError::field(&["body"], T::EXPECTED).into())
    }
}

/// Reads the whole body.
///
/// # Errors
/// Those of [`BodyParts`], and `Overloaded` if too many bodies are in flight.
pub(crate) async fn read(request: Request) -> Result<Vec<u8>, PartnerError> {
    let mut bytes = Vec::with_capacity(announced(&request).unwrap_or(0).min(SMALL_BODY));
    let memory = BodyMemory::of(&request);
    let mut parts = BodyParts::of(request)?;
    while let Some(part) = parts.next().await? {
        memory.grow(part.len())?;
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// The parts of a body, as they arrive. For bodies that are too large for the memory.
///
/// `PayloadTooLarge` over the limit of the route, `BodyTimeout` after [`BODY_TIMEOUT`], `UnreadableBody` if the
/// connection fails.
pub(crate) struct BodyParts {
    body: axum::body::Body,
    limit: BodyLimit,
    left: usize,
    deadline: Instant,
}

impl BodyParts {
    pub(crate) fn of(request: Request) -> Result<Self, HttpError> {
        let limit = request.extensions().get::<BodyLimit>().copied();
        let limit = limit.unwrap_or(BodyLimit(BODY_LIMIT));
        if announced(&request).is_some_and(|length| length > limit.0) {
            return Err(too_large(limit));
        }
        Ok(Self {
            body: request.into_body(),
            limit,
            left: limit.0,
            deadline: Instant::now() + BODY_TIMEOUT,
        })
    }

    /// The next part, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            let frame = tokio::time::timeout_at(self.deadline, self.body.frame()).await;
            let Some(frame) = frame.map_err(|_| HttpError::BodyTimeout)? else {
                return Ok(None);
            };
            let frame = frame.map_err(|_| HttpError::UnreadableBody)?;
            // Trailers are no part of the body.
            let Ok(part) = frame.into_data() else {
                continue;
            };
            self.left = match self.left.checked_sub(part.len()) {
                Some(left) => left,
                None => return Err(too_large(self.limit)),
            };
            return Ok(Some(part));
        }
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
