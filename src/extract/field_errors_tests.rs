//! Tests of [`FieldErrors`].

use serde_json::json;

use super::*;
use crate::extract::{FieldType as _, Fields as _, request_body};

request_body! {
    struct Outer {
        required name: String,
        optional count: u32,
        optional inner: Inner,
    }
}

request_body! {
    struct Inner {
        nullable city: String,
    }
}

#[derive(Debug, PartialEq)]
struct Good {
    name: String,
    count: Option<u32>,
    city: Option<Option<String>>,
}

fn read(body: serde_json::Value) -> Result<Good, ApiError> {
    let body = Outer::from_json(body).unwrap();
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let city = body
        .inner
        .and_then(|inner| errors.within("inner", |errors| inner.read(errors).city));
    errors.finish(|| {
        Some(Good {
            name: body.name?,
            count: body.count,
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
            "body.surprise: unknown field",
            "body.inner.city: must be a string",
            "body.inner.ssn: unknown field",
        ]
    );
    let text = ApiError::Validation(errors).to_string();
    assert!(
        text.starts_with(
            "name: is required; count: must be a whole number; surprise: unknown field"
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
        let mut errors = FieldErrors::of_query(Unknown::new());
        errors.slice(Some(limit.into()), Some(offset.into()), 25);
        assert_eq!(errors.errors.len(), 1, "{limit} {offset}");
    }
    let mut errors = FieldErrors::of_query(Unknown::new());
    let page = errors.slice(None, None, 25);
    assert_eq!((page.limit, page.offset, errors.errors.len()), (25, 0, 0));
}
