//! The JSON parser of request bodies. It limits the number of elements while it builds the document.
//!
//! Owns the limits on the shape of a document. It builds a [`Value`] element by element and stops at the first element
//! over a limit, so a body needs at most a few times its own size in memory. An error names the location. Never checks
//! the types of fields: [`super::body_field`] does.

use std::fmt;

use actors::{ApiError, FieldError};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{HttpError, PartnerError};

/// The most elements of one array and members of one object. No valid request has more than 1,000 rows.
const MAX_ELEMENTS: usize = 1_000;
/// The most values in one document. 1,000 placements with every field are 24,000 values.
const MAX_VALUES: usize = 100_000;
/// Postgres cannot store U+0000 in a text.
const NUL_REFUSED: &str = "must not contain the character U+0000";

/// Parses a body. An empty body and a body of white space are an empty object.
///
/// # Errors
/// `invalid_json` for a text that is not JSON; `validation_failed` for a document with too many elements, a duplicate
/// member or a string with U+0000.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, PartnerError> {
    // Some programs write a byte order mark, which is not part of the text (RFC 8259, section 8.1).
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    let mut limits = Limits::default();
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let parsed = Bounded(&mut limits)
        .deserialize(&mut parser)
        .and_then(|value| parser.end().map(|()| value));
    parsed.map_err(|error| match limits.refusal {
        Some(refusal) => ApiError::Validation(refusal.located().into()).into(),
        None => HttpError::InvalidJson {
            reason: error.to_string(),
        }
        .into(),
    })
}

/// The number of values so far, and the reason why parsing stopped.
#[derive(Default)]
struct Limits {
    values: usize,
    refusal: Option<Refusal>,
}

/// A violated limit. The path is built from the inside out while the parser unwinds.
struct Refusal {
    msg: String,
    reversed_path: Vec<String>,
}

impl Refusal {
    fn located(self) -> FieldError {
        let path = self.reversed_path.into_iter().rev();
        FieldError {
            loc: std::iter::once("body".to_owned()).chain(path).collect(),
            msg: self.msg,
        }
    }
}

impl Limits {
    fn refuse<E: serde::de::Error>(&mut self, msg: impl Into<String>) -> E {
        self.refusal = Some(Refusal {
            msg: msg.into(),
            reversed_path: Vec::new(),
        });
        E::custom("refused")
    }

    /// Adds one step to the path of a refusal, if there is one.
    fn add_step(&mut self, step: impl FnOnce() -> String) {
        if let Some(refusal) = &mut self.refusal {
            refusal.reversed_path.push(step());
        }
    }

    fn count<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.refuse(format!("more than {MAX_VALUES} values in one body")));
        }
        Ok(())
    }
}

struct Bounded<'a>(&'a mut Limits);

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        if value.contains('\0') {
            return Err(self.0.refuse(NUL_REFUSED));
        }
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        loop {
            match elements.next_element_seed(Bounded(self.0)) {
                Ok(None) => return Ok(Value::Array(array)),
                Ok(Some(_)) if array.len() == MAX_ELEMENTS => {
                    return Err(self
                        .0
                        .refuse(format!("must have at most {MAX_ELEMENTS} elements")));
                }
                Ok(Some(element)) => array.push(element),
                Err(error) => {
                    self.0.add_step(|| array.len().to_string());
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.len() == MAX_ELEMENTS {
                return Err(self
                    .0
                    .refuse(format!("must have at most {MAX_ELEMENTS} members")));
            }
            let read = if name.contains('\0') {
                Err(self.0.refuse(NUL_REFUSED))
            } else if object.contains_key(&name) {
                Err(self.0.refuse("is given more than once; send it once"))
            } else {
                members.next_value_seed(Bounded(self.0))
            };
            match read {
                Ok(value) => object.insert(name, value),
                Err(error) => {
                    self.0.add_step(|| name);
                    return Err(error);
                }
            };
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refusal(text: &str) -> FieldError {
        match parse(text.as_bytes()).unwrap_err() {
            PartnerError::Api(ApiError::Validation(errors)) => {
                assert_eq!(errors.len(), 1);
                errors[0].clone()
            }
            other => panic!("unexpected error: {other:?}"),
        }
    }

    #[test]
    fn blank_body_is_an_empty_object() {
        assert_eq!(parse(b" \r\n").unwrap(), json!({}));
    }

    #[test]
    fn nul_is_refused_with_its_path() {
        let error = refusal(r#"{"a":[{"b":"x\u0000"}]}"#);
        assert_eq!(error.loc, ["body", "a", "0", "b"]);
        assert!(error.msg.contains("U+0000"));
    }

    #[test]
    fn nul_in_a_member_name_is_refused() {
        let error = refusal(r#"{"a":{"b\u0000":1}}"#);
        assert_eq!(error.loc, ["body", "a", "b\u{fffd}"]);
        assert!(error.msg.contains("U+0000"));
    }

    #[test]
    fn element_beyond_the_limit_is_refused_with_its_path() {
        let row = |count: usize| format!(r#"{{"placements":[{}]}}"#, vec!["0"; count].join(","));
        assert!(parse(row(MAX_ELEMENTS).as_bytes()).is_ok());
        let error = refusal(&row(MAX_ELEMENTS + 1));
        assert_eq!(error.loc, ["body", "placements"]);
        assert_eq!(error.msg, "must have at most 1000 elements");
    }

    #[test]
    fn member_beyond_the_limit_is_refused() {
        let object = |count: usize| {
            let members: Vec<String> = (0..count).map(|n| format!(r#""m{n}":0"#)).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse(object(MAX_ELEMENTS).as_bytes()).is_ok());
        assert_eq!(refusal(&object(MAX_ELEMENTS + 1)).loc, ["body"]);
    }

    #[test]
    fn nested_arrays_share_one_limit() {
        let inner = format!("[{}]", vec!["0"; MAX_ELEMENTS].join(","));
        let error = refusal(&format!("[{}]", vec![inner; MAX_ELEMENTS].join(",")));
        assert!(error.msg.contains("100000 values"), "{}", error.msg);
    }

    #[test]
    fn duplicate_member_is_refused_even_when_escaped() {
        let error = refusal(r#"{"debtor":{"kind":"individual","k\u0069nd":"business"}}"#);
        assert_eq!(error.loc, ["body", "debtor", "kind"]);
    }

    #[test]
    fn text_after_the_document_is_invalid() {
        let parsed = parse(b"{} {}");
        assert!(matches!(
            parsed,
            Err(PartnerError::Http(HttpError::InvalidJson { .. }))
        ));
    }

    proptest! {
        #[test]
        fn document_within_limits_parses_as_with_serde_json(
            text in "[a-z\u{e9}\"\\\\]{0,8}", number in any::<i64>(), float in any::<f64>().prop_filter("finite", |f| f.is_finite()), flag in any::<bool>(),
        ) {
            let document = json!({"a": [text, number, {"b": float}], "c": flag, "d": null, "e": u64::MAX});
            let bytes = document.to_string();
            let expected: Value = serde_json::from_str(&bytes).unwrap();
            prop_assert_eq!(parse(bytes.as_bytes()).unwrap(), expected);
        }
    }
}
