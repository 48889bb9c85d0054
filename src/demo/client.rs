//! The HTTP client of the demo, which prints each request and response.
//!
//! Registers every secret in a response with the narrator.

use std::time::Duration;

use reqwest::header::USER_AGENT;
use serde_json::Value;
use test_support::{Http, Response};

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
    http: Http,
    narrator: Narrator,
}

impl Client {
    /// Creates a client of the server at `base_url`.
    pub(super) fn new(base_url: &str, narrator: &Narrator) -> Result<Self, Failure> {
        let http = Http::new(base_url.trim_end_matches('/'))
            .map_err(|error| Failure::broken("build the HTTP client", error))?;
        Ok(Self {
            http,
            narrator: narrator.clone(),
        })
    }

    /// The base URL of the server, without a trailing slash.
    pub(super) fn base_url(&self) -> &str {
        self.http.base()
    }

    /// Sends a request and prints both the request and the response.
    pub(super) async fn ask(&self, call: Call<'_>) -> Result<Answer, Failure> {
        self.narrator.sent(&call.told());
        let shows = call.shows;
        let answer = self.quietly(call).await?;
        self.narrator
            .came(answer.response.status, &answer.told(shows));
        Ok(answer)
    }

    /// Sends a request without printing anything. Polling uses it.
    pub(super) async fn quietly(&self, call: Call<'_>) -> Result<Answer, Failure> {
        let name = call.name();
        let request = call.request(&self.http).timeout(TIMEOUT);
        let response = Response::fetch(request.header(USER_AGENT, "partner-api-demo"))
            .await
            .map_err(|error| Failure::new(&name, "a response", chain(&error.without_url())))?;
        for field in SECRET_FIELDS {
            if let Some(secret) = response.body.get(field).and_then(Value::as_str) {
                self.narrator.hide(secret);
            }
        }
        Ok(Answer { name, response })
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
