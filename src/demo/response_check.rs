//! What came back, held against what should have.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::failure::Failure;
use super::terminal_text::shortened;

/// How much of an unexpected body is shown.
const EXCERPT: usize = 400;

/// What came back.
pub(super) struct Answer {
    pub(super) name: String,
    pub(crate) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    /// Null where the text is no JSON.
    pub(super) body: Value,
}

impl Answer {
    /// Exactly this status.
    pub(super) fn must_be(self, status: u16) -> Result<Self, Failure> {
        if self.status.as_u16() == status {
            return Ok(self);
        }
        Err(Failure::new(&self.name, status.to_string(), self.excerpt()))
    }

    /// Any 2xx.
    pub(super) fn must_succeed(self) -> Result<Self, Failure> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(Failure::new(&self.name, "2xx", self.excerpt()))
    }

    /// A refusal with exactly this status and code.
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

    /// Whether it is that refusal.
    pub(super) fn refuses(&self, status: u16, code: &str) -> bool {
        self.status.as_u16() == status && self.code() == Some(code)
    }

    /// The text at a JSON pointer.
    pub(super) fn string(&self, pointer: &str) -> Result<String, Failure> {
        match self.at(pointer)? {
            Value::String(text) => Ok(text.clone()),
            other => Err(self.misses(pointer, "a string", other)),
        }
    }

    /// The truth at a JSON pointer.
    pub(super) fn truth(&self, pointer: &str) -> Result<bool, Failure> {
        let value = self.at(pointer)?;
        value
            .as_bool()
            .ok_or_else(|| self.misses(pointer, "true or false", value))
    }

    /// The list at a JSON pointer.
    pub(super) fn list(&self, pointer: &str) -> Result<&[Value], Failure> {
        let value = self.at(pointer)?;
        value
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| self.misses(pointer, "a list", value))
    }

    /// The value at a JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Result<&Value, Failure> {
        self.body
            .pointer(pointer)
            .ok_or_else(|| Failure::new(&self.name, format!("a field {pointer}"), self.excerpt()))
    }

    /// A header of the answer.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as it came.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn code(&self) -> Option<&str> {
        self.body.pointer("/error/code")?.as_str()
    }

    fn misses(&self, pointer: &str, expected: &str, came: &Value) -> Failure {
        Failure::new(
            format!("{} {pointer}", self.name),
            expected,
            came.to_string(),
        )
    }

    /// The line after the arrow.
    pub(super) fn told(&self, shows: &[&str]) -> String {
        if let Some(code) = self.code() {
            let detail = self
                .body
                .pointer("/detail")
                .and_then(Value::as_str)
                .unwrap_or("");
            return format!("{} {code}  {detail}", self.status.as_u16());
        }
        let mut text = self.status.to_string();
        for pointer in shows {
            if let Some(value) = self.body.pointer(pointer) {
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
        format!(
            "{} {}",
            self.status.as_u16(),
            shortened(&self.text, EXCERPT)
        )
    }
}

/// A JSON value as a person writes it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
