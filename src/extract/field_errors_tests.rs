//! Tests of [`FieldErrors`].

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::extract::body_field::{FieldType as _, Fields};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Outer {
    name: Field<String>,
    count: Field<u32>,
    inner: Field<Inner>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Inner {
    city: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl Fields for Outer {}
impl Fields for Inner {}

#[derive(Debug, PartialEq)]
struct Good {
    name: String,
    count: Option<u32>,
    city: Option<Option<String>>,
}

fn read(body: serde_json::Value) -> Result<Good, ApiError> {
    let body = Outer::from_json(body).unwrap();
    let mut errors = FieldErrors::of_body();
    let name = errors.required("name", body.name);
    let count = errors.optional("count", body.count);
    let inner = errors.optional("inner", body.inner);
    let city = inner.and_then(|inner| {
        errors.within("inner", |errors| {
            errors.unknown(&inner.unknown);
            errors.nullable("city", inner.city)
        })
    });
    errors.unknown(&body.unknown);
    errors.finish(|| {
        Some(Good {
            name: name?,
            count,
            city,
        })
    })
}

#[test]
fn valid_body_is_read() {
    let good = read(json!({"name": "x", "count": null, "inner": {"city": null}})).unwrap();
    assert_eq!(
        good,
        Good {
            name: "x".into(),
            count: None,
            city: Some(None)
        }
    );
}

#[test]
fn all_errors_are_reported_with_their_locations() {
    let body = json!({"count": "7", "inner": {"city": 5, "ssn": "1"}, "surprise": {}});
    let ApiError::Validation(errors) = read(body).unwrap_err() else {
        panic!("unexpected error")
    };
    let lines: Vec<_> = errors
        .iter()
        .map(|error| format!("{}: {}", error.loc.join("."), error.msg))
        .collect();
    assert_eq!(
        lines,
        [
            "body.name: is required",
            "body.count: must be a whole number",
            "body.inner.ssn: unknown field",
            "body.inner.city: must be a string",
            "body.surprise: unknown field",
        ]
    );
    let text = ApiError::Validation(errors).to_string();
    assert!(
        text.starts_with(
            "name: is required; count: must be a whole number; inner.ssn: unknown field"
        ),
        "{text}"
    );
}

#[test]
fn page_out_of_range_is_an_error() {
    for (limit, offset) in [
        ("0", "0"),
        ("101", "0"),
        ("ten", "0"),
        ("", "0"),
        ("10", "-1"),
        ("10", "1e3"),
    ] {
        let mut errors = FieldErrors::of_query();
        errors.slice(Some(limit.into()), Some(offset.into()), 25);
        assert_eq!(errors.errors.len(), 1, "{limit} {offset}");
    }
    let mut errors = FieldErrors::of_query();
    let page = errors.slice(None, None, 25);
    assert_eq!((page.limit, page.offset, errors.errors.len()), (25, 0, 0));
}
