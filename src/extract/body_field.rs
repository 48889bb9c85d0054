//! The fields of a body. Reading a field never fails: it records what was sent, and all errors are reported together.
//!
//! Owns the JSON types that fields can have. Never decides whether a field is required: [`super::FieldErrors`] does.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The unknown fields of a body, collected by `#[serde(flatten)]`.
pub(crate) type Unknown = BTreeMap<String, IgnoredAny>;

/// The content of one field of a body.
#[derive(Default)]
pub(crate) enum Field<T> {
    /// The field is missing.
    #[default]
    Absent,
    /// The field is `null`.
    Null,
    /// The field has the expected type.
    Value(T),
    /// The field has another type. Contains the error message.
    Wrong(&'static str),
}

impl<T> Field<T> {
    /// Whether the field was sent, with any type.
    pub(crate) fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// A type that a field can have.
pub(crate) trait FieldType: Sized {
    /// The error message for a value of another type.
    const EXPECTED: &'static str;

    /// Converts the JSON. `None` if it has another type.
    fn from_json(json: Value) -> Option<Self>;
}

impl<'de, T: FieldType> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Null,
            json => T::from_json(json).map_or(Self::Wrong(T::EXPECTED), Self::Value),
        })
    }
}

impl FieldType for String {
    const EXPECTED: &'static str = "must be a string";

    fn from_json(json: Value) -> Option<Self> {
        match json {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl FieldType for SecretString {
    const EXPECTED: &'static str = String::EXPECTED;

    fn from_json(json: Value) -> Option<Self> {
        String::from_json(json).map(Self::from)
    }
}

impl FieldType for bool {
    const EXPECTED: &'static str = "must be true or false";

    fn from_json(json: Value) -> Option<Self> {
        json.as_bool()
    }
}

impl FieldType for u32 {
    const EXPECTED: &'static str = "must be a whole number";

    fn from_json(json: Value) -> Option<Self> {
        json.as_u64().and_then(|number| Self::try_from(number).ok())
    }
}

impl FieldType for Vec<String> {
    const EXPECTED: &'static str = "must be an array of strings";

    fn from_json(json: Value) -> Option<Self> {
        serde_json::from_value(json).ok()
    }
}

impl FieldType for BTreeMap<String, String> {
    const EXPECTED: &'static str = "must be an object of strings";

    fn from_json(json: Value) -> Option<Self> {
        serde_json::from_value(json).ok()
    }
}

/// Accepts any JSON. The caller checks the type.
impl FieldType for Value {
    const EXPECTED: &'static str = "must be a value";

    fn from_json(json: Value) -> Option<Self> {
        Some(json)
    }
}

/// Each element is a separate field, so that errors can name its index.
impl<T: FieldType> FieldType for Vec<Field<T>> {
    const EXPECTED: &'static str = "must be an array";

    fn from_json(json: Value) -> Option<Self> {
        serde_json::from_value(json).ok()
    }
}

/// A body or an object inside a body: a struct of [`Field`]s that collects the rest in [`Unknown`].
pub(crate) trait Fields: DeserializeOwned {}

impl<T: Fields> FieldType for T {
    const EXPECTED: &'static str = "must be an object";

    fn from_json(json: Value) -> Option<Self> {
        serde_json::from_value(json).ok()
    }
}
