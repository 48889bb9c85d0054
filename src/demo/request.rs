//! A request and its printed description.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use test_support::Http;

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
    method: Method,
    path: String,
    caller: Option<&'a Caller>,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
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
        self.body(body.to_string())
    }

    /// Sets a JSON body as text. A signature covers the exact text.
    pub(super) fn body(mut self, body: String) -> Self {
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

    /// The request to the server of `http`.
    pub(super) fn request(self, http: &Http) -> RequestBuilder {
        let mut request = http.request(self.method, &self.path);
        if let Some(caller) = self.caller {
            request = request.bearer_auth(caller.token());
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        match self.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body),
            None => request,
        }
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
