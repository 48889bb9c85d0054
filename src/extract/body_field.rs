//! The fields of a body. Reading a field never fails: it records what was sent, and all errors are reported together.
//!
//! Owns the JSON types that fields can have. Never decides whether a field is required: [`super::FieldErrors`] does.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::FieldErrors;

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

macro_rules! field_types {
    ($($type:ty = $expected:literal),+ $(,)?) => {$(
        impl FieldType for $type {
            const EXPECTED: &'static str = $expected;

            fn from_json(json: Value) -> Option<Self> {
                serde_json::from_value(json).ok()
            }
        }
    )+};
}

field_types! {
    String = "must be a string",
    bool = "must be true or false",
    u32 = "must be a whole number",
    Vec<String> = "must be an array of strings",
    BTreeMap<String, String> = "must be an object of strings",
}

impl FieldType for SecretString {
    const EXPECTED: &'static str = String::EXPECTED;

    fn from_json(json: Value) -> Option<Self> {
        String::from_json(json).map(Self::from)
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
pub(crate) trait Fields: DeserializeOwned {
    /// The values of the right type.
    type Values;

    /// Reports what is missing, of the wrong type or unknown, and returns the rest.
    fn read(self, errors: &mut FieldErrors) -> Self::Values;
}

impl<T: Fields> FieldType for T {
    const EXPECTED: &'static str = "must be an object";

    fn from_json(json: Value) -> Option<Self> {
        serde_json::from_value(json).ok()
    }
}
