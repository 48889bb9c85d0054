//! A request, and how it is told.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::narrator::mask;
use super::terminal_text::shortened;

/// How much of a header is shown; signatures are long.
const HEADER: usize = 36;

/// Who a request is from.
#[derive(Clone)]
pub(super) struct Caller {
    label: String,
    token: SecretString,
}

impl Caller {
    /// A creditor that is not onboarded yet.
    pub(super) fn onboarding(token: &str) -> Self {
        Self::new("the onboarding token", token)
    }

    /// A person at the dashboard.
    pub(super) fn session(token: &str) -> Self {
        Self::new("the dashboard session", token)
    }

    /// A creditor's program.
    pub(super) fn key(key: &str) -> Self {
        Self::new(&format!("key {}", mask(key)), key)
    }

    /// The company's own support.
    pub(super) fn support(token: &str) -> Self {
        Self::new("support", token)
    }

    /// The secret itself, for a file of the person's own.
    pub(super) fn token(&self) -> &str {
        self.token.expose_secret()
    }

    fn new(label: &str, token: &str) -> Self {
        Self {
            label: label.to_owned(),
            token: SecretString::from(token),
        }
    }
}

/// A request, and how it is told.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) caller: Option<&'a Caller>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
    says: String,
    pub(super) shows: &'static [&'static str],
}

impl<'a> Call<'a> {
    /// Reads.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Creates or acts.
    pub(super) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// Changes.
    pub(super) fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    fn new(method: Method, path: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            method,
            path,
            caller: None,
            headers: vec![],
            body: None,
            says: String::new(),
            shows: &[],
        }
    }

    /// Who asks.
    pub(super) fn by(mut self, caller: &'a Caller) -> Self {
        self.caller = Some(caller);
        self
    }

    /// One more header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A JSON body.
    pub(super) fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string().into_bytes())
    }

    /// A JSON body whose bytes matter.
    pub(super) fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    /// What a person wants to know about the body.
    pub(super) fn says(mut self, text: impl Into<String>) -> Self {
        self.says = text.into();
        self
    }

    /// Which fields of a good answer a person wants to see, as JSON pointers.
    pub(super) fn shows(mut self, pointers: &'static [&'static str]) -> Self {
        self.shows = pointers;
        self
    }

    /// `GET /v1/settings`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The line after the arrow.
    pub(super) fn told(&self) -> String {
        let mut text = self.name().replacen('?', "  ?", 1);
        if let Some(caller) = self.caller {
            text.push_str(&format!("  as {}", caller.label));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("  {name}: {}", shortened(value, HEADER)));
        }
        if !self.says.is_empty() {
            text.push_str(&format!("  {}", self.says));
        }
        text
    }
}
