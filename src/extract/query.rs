//! The query string of a request. Unknown parameters are errors, as in a body.
//!
//! If a misspelled filter were ignored, the response would show all rows. Values arrive as text, and
//! [`super::FieldErrors`] parses them. Never logs a query.

use actors::ApiError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{FieldErrors, Unknown};
use crate::error::PartnerError;

/// A query of type `T`, a struct of `Option<String>`, and its errors so far: the parameters that `T` does not have.
pub(crate) struct StrictQuery<T>(pub(crate) T, pub(crate) FieldErrors);

#[derive(Deserialize)]
struct Parameters<T> {
    #[serde(flatten)]
    known: T,
    #[serde(flatten)]
    unknown: Unknown,
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for StrictQuery<T> {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let pairs = read(parts.uri.query().unwrap_or_default())?;
        let read = serde_json::from_value::<Parameters<T>>(Value::Object(pairs));
        let Parameters { known, unknown } = read.map_err(|_| ApiError::Internal)?;
        Ok(Self(known, FieldErrors::of_query(unknown)))
    }
}

/// Treats an empty filter as absent.
pub(crate) fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Decodes the pairs. Rejects a repeated name, which is ambiguous, and U+0000, which Postgres rejects.
fn read(query: &str) -> Result<Map<String, Value>, ApiError> {
    let mut errors = FieldErrors::of_query(Unknown::new());
    let mut pairs = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if value.contains('\0') {
            errors.add(&name, "must not contain the character U+0000");
        }
        if pairs
            .insert(name.clone().into_owned(), Value::String(value.into_owned()))
            .is_some()
        {
            errors.add(&name, "is given more than once");
        }
    }
    errors.finish(|| Some(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_repeated_names_are_refused() {
        let pairs = read("q=A+%26+B&limit=5").unwrap();
        assert_eq!(
            (pairs["q"].as_str(), pairs["limit"].as_str()),
            (Some("A & B"), Some("5"))
        );
        assert!(read("").unwrap().is_empty());
        assert!(matches!(
            read("limit=5&limit=6"),
            Err(ApiError::Validation(_))
        ));
        assert!(matches!(read("q=%00"), Err(ApiError::Validation(_))));
    }
}
