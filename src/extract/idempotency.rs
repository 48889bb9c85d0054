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
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct OptionalKey {
    /// 1–255 printable ASCII characters. The same key with the same request within 24 hours returns the first response
    /// again, with `Idempotent-Replayed: true`.
    #[param(rename = "Idempotency-Key", value_type = Option<String>, min_length = 1, max_length = 255)]
    pub(crate) key: Option<IdempotencyKey>,
}

/// The key on routes that require it, because repeating the request would do harm.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct RequiredKey {
    /// 1–255 printable ASCII characters; required. The same key with the same request within 24 hours returns the first
    /// response again, with `Idempotent-Replayed: true`.
    #[param(rename = "Idempotency-Key", value_type = String, min_length = 1, max_length = 255)]
    pub(crate) key: IdempotencyKey,
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
        read(parts).map(|key| Self { key })
    }
}

impl<S: Sync> FromRequestParts<S> for RequiredKey {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let key = read(parts)?.ok_or(ApiError::IdempotencyKeyRequired)?;
        Ok(Self { key })
    }
}
