//! JSON of others, read without expecting anything: a member of another type counts as absent.
//!
//! A provider repeats an event that is refused for days and then switches the receiver off, so no content is an error.
//! Texts are bounded, and everything that is not read is skipped without being stored.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The longest text that is kept, in bytes.
const MAX_TEXT_BYTES: usize = 255;

/// A text, a number, a boolean, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Scalar {
    /// Null, absent, an object or an array.
    #[default]
    Nothing,
    /// A text without control characters, and whether it was changed for that or shortened.
    Text(String, bool),
    /// A number, and its digits.
    Number(f64, String),
    /// A boolean.
    Bool(bool),
}

impl Scalar {
    /// The text, or the number as text.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text, _) => Some(text.clone()),
            Self::Number(_, digits) => Some(digits.clone()),
            Self::Nothing | Self::Bool(_) => None,
        }
    }

    /// The same, but nothing if the text is empty or was changed, so that it does not identify anything.
    pub(super) fn id(&self) -> Option<String> {
        let is_whole = !matches!(self, Self::Text(_, true));
        self.text().filter(|text| is_whole && !text.is_empty())
    }

    pub(super) fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number, _) => Some(*number),
            _ => None,
        }
    }

    /// Keeps a text in a form that every database stores and every terminal prints.
    fn of_text(text: &str) -> Self {
        let kept = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
        let clean = kept.replace(char::is_control, "\u{fffd}");
        // The replacement is longer than the character that it replaces.
        let clean = clean[..clean.floor_char_boundary(MAX_TEXT_BYTES)].to_owned();
        let is_changed = clean != text;
        Self::Text(clean, is_changed)
    }
}

/// Visits the given types as a default value.
macro_rules! visits_as_default {
    ($($type:ident)+) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("anything")
        }
        $(visits_as_default!(@ $type);)+
    };
    (@ scalar) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
        fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    };
    (@ array) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (@ object) => {
        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar;

            visits_as_default!(array object);

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            #[allow(clippy::cast_precision_loss)] // the digits are kept beside it
            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value as f64, value.to_string()))
            }

            #[allow(clippy::cast_precision_loss)]
            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value as f64, value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value, value.to_string()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::of_text(value))
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Nothing)
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// An object that is read as `T`, or the default of `T` for anything else.
#[derive(Clone, Debug, Default)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            visits_as_default!(scalar array);

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// An array of objects, of which the first wanted one is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstWanted<T>(pub(super) T);

/// Whether an object of an array is the wanted one.
pub(super) trait Wanted {
    fn is_wanted(&self) -> bool;
}

impl<'de, T: Deserialize<'de> + Default + Wanted> Deserialize<'de> for FirstWanted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArrayVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Default + Wanted> Visitor<'de> for ArrayVisitor<T> {
            type Value = FirstWanted<T>;

            visits_as_default!(scalar object);

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut found = T::default();
                while let Some(Object(item)) = items.next_element::<Object<T>>()? {
                    if item.is_wanted() && !found.is_wanted() {
                        found = item;
                    }
                }
                Ok(FirstWanted(found))
            }
        }

        deserializer.deserialize_any(ArrayVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(json: &str) -> Scalar {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn values_of_every_type_are_read() {
        for json in ["null", "[1,[2]]", "{\"a\":{\"b\":[]}}"] {
            assert_eq!(scalar(json), Scalar::Nothing, "{json}");
        }
        assert_eq!(scalar("true").bool(), Some(true));
        assert_eq!(scalar("1758522052").number(), Some(1_758_522_052.0));
        assert_eq!(scalar("12.5").number(), Some(12.5));
        for id in [
            "17",
            "9007199254740993",
            "18446744073709551615",
            "-9223372036854775808",
        ] {
            assert_eq!(scalar(id).id().as_deref(), Some(id));
        }
        assert_eq!(scalar("\"\"").id(), None);
    }

    #[test]
    fn text_is_bounded_and_printable() {
        assert_eq!(
            scalar("\"a\\u0000b\\n\"").text().as_deref(),
            Some("a\u{fffd}b\u{fffd}")
        );
        assert_eq!(
            scalar("\"a\\u0000b\"").id(),
            None,
            "another id could have the same form"
        );
        for character in ["x", "é", "\u{10ffff}", "\u{1}"] {
            let long = Scalar::of_text(&character.repeat(120_000));
            assert!(long.text().unwrap().len() <= MAX_TEXT_BYTES);
            assert_eq!(long.id(), None, "a part of an id identifies nothing");
        }
    }

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Named {
        name: Scalar,
        value: Scalar,
    }

    impl Wanted for Named {
        fn is_wanted(&self) -> bool {
            self.name.text().as_deref() == Some("wanted")
        }
    }

    #[test]
    fn other_types_count_as_absent() {
        for json in ["1", "\"x\"", "null", "[{\"name\":\"x\"}]"] {
            let read: Object<Named> = serde_json::from_str(json).unwrap();
            assert_eq!(read.0.name, Scalar::Nothing, "{json}");
        }
        let list =
            r#"[1, "x", null, {}, {"name": "wanted", "value": 1}, {"name": "wanted", "value": 2}]"#;
        let found: FirstWanted<Named> = serde_json::from_str(list).unwrap();
        assert_eq!(found.0.value.number(), Some(1.0));
        let found: FirstWanted<Named> = serde_json::from_str("{\"name\":\"wanted\"}").unwrap();
        assert!(!found.0.is_wanted());
    }
}
