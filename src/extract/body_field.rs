//! One field of a body, read without failing: what was sent is recorded, and all errors are reported together.
//!
//! Owns the JSON types that fields can have. Never knows whether a field is required: that is asked of
//! [`super::FieldErrors`].

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The fields that a body does not know, collected by `#[serde(flatten)]`.
pub(crate) type Unknown = BTreeMap<String, IgnoredAny>;

/// What stood in one place of the body.
#[derive(Default)]
pub(crate) enum Field<T> {
    /// Not there.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// There, and of the right type.
    Value(T),
    /// There, but of another type; says which one it should have.
    Wrong(&'static str),
}

impl<T> Field<T> {
    /// Whether it was sent at all, in whatever shape.
    pub(crate) fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// A type that a field can have.
pub(crate) trait FieldType: Sized {
    /// What to say where something else was sent.
    const EXPECTED: &'static str;

    /// The value, if the JSON has this type.
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

/// Anything; whoever asks for it looks for itself.
impl FieldType for Value {
    const EXPECTED: &'static str = "must be a value";

    fn from_json(json: Value) -> Option<Self> {
        Some(json)
    }
}

/// Each element is a field of its own, so that errors can name its index.
impl<T: FieldType> FieldType for Vec<Field<T>> {
    const EXPECTED: &'static str = "must be an array";

    fn from_json(json: Value) -> Option<Self> {
        serde_json::from_value(json).ok()
    }
}

/// A body, or an object inside of one: a struct of [`Field`]s that flattens the rest into [`Unknown`].
pub(crate) trait Fields: DeserializeOwned {}

impl<T: Fields> FieldType for T {
    const EXPECTED: &'static str = "must be an object";

    fn from_json(json: Value) -> Option<Self> {
        serde_json::from_value(json).ok()
    }
}
