//! A response and its assertions.

use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;
use test_support::Response;

use super::failure::Failure;
use super::terminal_text::shortened;

/// Characters of an unexpected body that are printed.
const EXCERPT: usize = 400;

/// A response and the name of its request.
pub(super) struct Answer {
    pub(super) name: String,
    pub(super) response: Response,
}

impl Answer {
    /// Requires exactly this status.
    pub(super) fn must_be(self, status: u16) -> Result<Self, Failure> {
        if self.response.status == status {
            return Ok(self);
        }
        Err(Failure::new(&self.name, status.to_string(), self.excerpt()))
    }

    /// Requires any 2xx status.
    pub(super) fn must_succeed(self) -> Result<Self, Failure> {
        if (200..300).contains(&self.response.status) {
            return Ok(self);
        }
        Err(Failure::new(&self.name, "2xx", self.excerpt()))
    }

    /// Requires an error with exactly this status and code.
    pub(super) fn must_refuse(self, status: u16, code: &str) -> Result<Self, Failure> {
        if self.refuses(status, code) {
            return Ok(self);
        }
        Err(Failure::new(
            &self.name,
            format!("{status} {code}"),
            self.excerpt(),
        ))
    }

    /// Whether the response is an error with this status and code.
    pub(super) fn refuses(&self, status: u16, code: &str) -> bool {
        self.response.status == status && self.response.error_code() == Some(code)
    }

    /// The string at a JSON pointer.
    pub(super) fn string(&self, pointer: &str) -> Result<String, Failure> {
        self.read(pointer)
    }

    /// The boolean at a JSON pointer.
    pub(super) fn truth(&self, pointer: &str) -> Result<bool, Failure> {
        self.read(pointer)
    }

    /// The array at a JSON pointer.
    pub(super) fn list(&self, pointer: &str) -> Result<Vec<Value>, Failure> {
        self.read(pointer)
    }

    /// The value at a JSON pointer, converted to `T`.
    pub(super) fn read<T: DeserializeOwned>(&self, pointer: &str) -> Result<T, Failure> {
        let value = self.at(pointer)?;
        T::deserialize(value).map_err(|error| {
            let what = format!("{} {pointer}", self.name);
            Failure::new(what, error.to_string(), value.to_string())
        })
    }

    /// The value at a JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Result<&Value, Failure> {
        self.response
            .body
            .pointer(pointer)
            .ok_or_else(|| Failure::new(&self.name, format!("a field {pointer}"), self.excerpt()))
    }

    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.header(name)
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        self.response.body.to_string()
    }

    /// The printed line, without the arrow. `shows` lists the fields to print, as JSON pointers.
    pub(super) fn told(&self, shows: &[&str]) -> String {
        let Response { status, body, .. } = &self.response;
        if let Some(code) = self.response.error_code() {
            let detail = body["detail"].as_str().unwrap_or_default();
            return format!("{status} {code}  {detail}");
        }
        // With the reason phrase: `201 Created`.
        let status = StatusCode::from_u16(*status).unwrap_or_default();
        let mut text = status.to_string();
        for pointer in shows {
            if let Some(value) = body.pointer(pointer) {
                let name = pointer
                    .trim_start_matches("/items/0")
                    .trim_start_matches('/');
                let name = name.replace('/', ".");
                text.push_str(&format!("  {name} {}", plain(value)));
            }
        }
        text
    }

    fn excerpt(&self) -> String {
        let text = shortened(&self.text(), EXCERPT);
        format!("{} {text}", self.response.status)
    }
}

/// A JSON value without JSON syntax: strings without quotes, arrays as a list with commas.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
