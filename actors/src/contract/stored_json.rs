//! Values in columns of JSON text. A value that cannot be written or read is an error, never a default: an empty
//! restriction, filter or override would mean that everything is allowed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// The text of a value.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) fn encode(column: &'static str, value: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, column, "a value cannot be written to its column");
        ApiError::Internal
    })
}

/// The value of a text.
///
/// # Errors
/// [`ApiError::Internal`] for a text that this program did not write.
pub(crate) fn decode<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, ApiError> {
    serde_json::from_str(text).map_err(|error| {
        // The text of the error can quote the column.
        let (line, position) = (error.line(), error.column());
        tracing::error!(
            column,
            line,
            position,
            "the value of a column cannot be read"
        );
        ApiError::Internal
    })
}

/// The same for a column that may be null.
///
/// # Errors
/// As [`decode`].
pub(crate) fn decode_nullable<T: DeserializeOwned>(
    column: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, ApiError> {
    text.map(|text| decode(column, text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_value_is_an_error() {
        assert_eq!(
            decode::<Vec<String>>("x", "[\"a\"]"),
            Ok(vec!["a".to_owned()])
        );
        for damaged in ["", "{", "null", "[1]", "\"a\""] {
            assert_eq!(
                decode::<Vec<String>>("x", damaged),
                Err(ApiError::Internal),
                "{damaged}"
            );
        }
        assert_eq!(decode_nullable::<Vec<String>>("x", None), Ok(None));
    }
}
