//! An HTTP client that prints each request and response.
//!
//! Registers every secret in a response with the narrator. Never follows a redirect.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::redirect::Policy;
use serde_json::Value;

use super::failure::Failure;
use super::narrator::Narrator;
use super::request::Call;
use super::response_check::Answer;

/// The time limit of one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Top-level response fields that hold a secret. Their values are registered before the response is printed.
const SECRET_FIELDS: [&str; 4] = ["api_key", "onboarding_token", "session_token", "secret"];

/// An HTTP client for the demo's server.
pub(super) struct Client {
    http: reqwest::Client,
    base_url: String,
    narrator: Narrator,
}

impl Client {
    /// Creates a client that ignores proxy settings and follows no redirect.
    pub(super) fn new(base_url: &str, narrator: &Narrator) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .user_agent("partner-api-demo")
            .build()
            .map_err(|error| Failure::broken("build the HTTP client", error))?;
        let base_url = base_url.trim_end_matches('/').to_owned();
        Ok(Self {
            http,
            base_url,
            narrator: narrator.clone(),
        })
    }

    /// The base URL of the server, without a trailing slash.
    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Sends a request and prints both the request and the response.
    pub(super) async fn ask(&self, call: Call<'_>) -> Result<Answer, Failure> {
        self.narrator.sent(&call.told());
        let shows = call.shows;
        let answer = self.quietly(call).await?;
        self.narrator
            .came(answer.status.as_u16(), &answer.told(shows));
        Ok(answer)
    }

    /// Sends a request without printing anything. Polling uses it.
    pub(super) async fn quietly(&self, call: Call<'_>) -> Result<Answer, Failure> {
        let name = call.name();
        let answered = self.exchange(call).await;
        let (status, headers, bytes) = answered
            .map_err(|error| Failure::new(&name, "a response", chain(&error.without_url())))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        hide_secrets(&self.narrator, &body);
        Ok(Answer {
            name,
            status,
            headers,
            text,
            body,
        })
    }

    async fn exchange(
        &self,
        call: Call<'_>,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), reqwest::Error> {
        let url = format!("{}{}", self.base_url, call.path);
        let mut request = self.http.request(call.method, url);
        if let Some(caller) = call.caller {
            let bearer = format!("Bearer {}", caller.token());
            request = request.header(AUTHORIZATION, bearer);
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok((status, headers, response.bytes().await?.to_vec()))
    }
}

fn hide_secrets(narrator: &Narrator, body: &Value) {
    for field in SECRET_FIELDS {
        if let Some(secret) = body.get(field).and_then(Value::as_str) {
            narrator.hide(secret);
        }
    }
}

/// An error followed by its causes: `error sending request: connection refused`.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
