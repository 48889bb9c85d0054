//! The `Idempotency-Key` header: 1–255 printable ASCII characters.
//!
//! Owns the check of its presence and format. Never decides what a repeated key means: `placements` does.

use actors::{ApiError, IdempotencyKey};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::IntoParams;

use crate::error::PartnerError;

const NAME: &str = "idempotency-key";

/// The key on routes where it is optional.
pub(crate) struct OptionalKey(pub(crate) Option<IdempotencyKey>);

/// The key on routes that require it, because repeating the request would do harm.
pub(crate) struct RequiredKey(pub(crate) IdempotencyKey);

/// The optional header in the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(
    dead_code,
    reason = "documentation only: the header is read by the extractors"
)]
pub(crate) struct IdempotencyHeader {
    /// 1–255 printable ASCII characters. The same key with the same request within 24 hours returns the first response
    /// again, with `Idempotent-Replayed: true`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    key: Option<String>,
}

/// The required header in the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(
    dead_code,
    reason = "documentation only: the header is read by the extractors"
)]
pub(crate) struct RequiredIdempotencyHeader {
    /// 1–255 printable ASCII characters; required. The same key with the same request within 24 hours returns the first
    /// response again, with `Idempotent-Replayed: true`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    key: String,
}

fn read(parts: &Parts) -> Result<Option<IdempotencyKey>, PartnerError> {
    let Some(value) = parts.headers.get(NAME) else {
        return Ok(None);
    };
    let key = value.to_str().ok().and_then(IdempotencyKey::parse);
    let refused = || {
        ApiError::field(
            &["header", "Idempotency-Key"],
            "must be 1 to 255 printable ASCII characters",
        )
    };
    key.map(Some).ok_or_else(|| refused().into())
}

impl<S: Sync> FromRequestParts<S> for OptionalKey {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        read(parts).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for RequiredKey {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        read(parts)?
            .map(Self)
            .ok_or_else(|| ApiError::IdempotencyKeyRequired.into())
    }
}
