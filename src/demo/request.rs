//! A request and its printed description.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::narrator::mask;
use super::terminal_text::shortened;

/// Characters of a header value that are printed. Signatures are longer.
const HEADER: usize = 36;

/// The sender of a request, with its credential.
#[derive(Clone)]
pub(super) struct Caller {
    label: String,
    token: SecretString,
}

impl Caller {
    /// A creditor during onboarding.
    pub(super) fn onboarding(token: &str) -> Self {
        Self::new("the onboarding token", token)
    }

    /// A person who is signed in to the dashboard.
    pub(super) fn session(token: &str) -> Self {
        Self::new("the dashboard session", token)
    }

    /// A creditor's program with an API key.
    pub(super) fn key(key: &str) -> Self {
        Self::new(&format!("key {}", mask(key)), key)
    }

    /// The company's support team.
    pub(super) fn support(token: &str) -> Self {
        Self::new("support", token)
    }

    /// The unmasked credential, for the `Authorization` header and the access file.
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

/// A request and its printed description.
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
    /// Starts a GET request.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Starts a POST request.
    pub(super) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// Starts a PATCH request.
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

    /// Sets the caller.
    pub(super) fn by(mut self, caller: &'a Caller) -> Self {
        self.caller = Some(caller);
        self
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a JSON body.
    pub(super) fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string().into_bytes())
    }

    /// Sets a JSON body as bytes. A signature covers the exact bytes.
    pub(super) fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets a short description of the body for the output.
    pub(super) fn says(mut self, text: impl Into<String>) -> Self {
        self.says = text.into();
        self
    }

    /// Sets the fields of a successful response that are printed, as JSON pointers.
    pub(super) fn shows(mut self, pointers: &'static [&'static str]) -> Self {
        self.shows = pointers;
        self
    }

    /// Method and path: `GET /v1/settings`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The printed line, without the arrow.
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
