//! One POST to a stranger's server: signed, pinned to vetted addresses, and bounded in every way.
//!
//! The name is resolved once a connection, by [`resolver::VettingResolver`]; what it answers has
//! been judged, and the connection goes there and nowhere else. No redirects, no proxy, no retry
//! inside the client, at most [`BODY_MAX`] bytes of the answer, and one timeout over all of it.
//! Never decides what follows: that is `domain::retry`.

mod cause;
mod resolver;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use ipnet::IpNet;
use reqwest::{Client, ClientBuilder, Response, redirect};
use tokio::time::Instant;
use url::Url;

use crate::clock::Clock;
use crate::domain::retry::{self, FailureCause, Outcome};
use crate::domain::safe_address::AddressPolicy;
use crate::settings::{Mode, Settings};

use cause::Trouble;

/// How much of an answer is read.
const BODY_MAX: usize = 16 * 1_024;
/// How much of it is kept.
const EXCERPT_MAX: usize = 1_024;
/// How much of an error's own words is kept.
const DETAIL_MAX: usize = 200;
/// Shorter than the keep-alive of common servers (5 s), so that a request rarely meets a
/// connection that its server is just closing.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// Where outbound delivery may go under these settings. The sandbox may reach its own machine.
pub(crate) fn address_policy(settings: &Settings) -> AddressPolicy {
    let production = settings.mode == Mode::Production;
    let mut allow = settings.webhook_allow.clone();
    if !production && allow.is_empty() {
        let loopback = ["127.0.0.0/8", "::1/128"];
        allow.extend(
            loopback
                .iter()
                .filter_map(|network| network.parse::<IpNet>().ok()),
        );
    }
    AddressPolicy { production, allow }
}

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) url: Url,
    /// `webhook-id`, the same on every attempt.
    pub(super) id: String,
    pub(super) timestamp_s: i64,
    pub(super) signature: String,
    /// The receiver's own; none of them is one of ours.
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) status: Option<u16>,
    /// For people: why it failed.
    pub(super) error: Option<String>,
    pub(super) excerpt: Option<String>,
    pub(super) latency_ms: i64,
}

/// Nothing was sent, and it is our own fault: the attempt does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this process has no sockets left")]
pub(super) struct OutOfSockets;

/// The client of the whole process.
#[derive(Debug)]
pub(crate) struct Sender {
    client: Client,
    timeout: Duration,
    clock: Clock,
}

impl Sender {
    /// Builds the client.
    pub(super) fn new(settings: &Settings, clock: &Clock) -> Result<Self, reqwest::Error> {
        Self::with_lookup(settings, clock, resolver::SystemLookup)
    }

    fn with_lookup(
        settings: &Settings,
        clock: &Clock,
        lookup: impl resolver::Lookup,
    ) -> Result<Self, reqwest::Error> {
        let client = ClientBuilder::new()
            .user_agent(&settings.user_agent)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .https_only(settings.mode == Mode::Production)
            .dns_resolver(resolver::VettingResolver::new(
                address_policy(settings),
                lookup,
            ))
            .pool_idle_timeout(IDLE_CONNECTION)
            .tcp_nodelay(true)
            .build()?;
        Ok(Self {
            client,
            timeout: settings.delivery_timeout,
            clock: clock.clone(),
        })
    }

    /// Sends, and waits for the whole answer or the timeout.
    pub(super) async fn post(&self, post: Post) -> Result<Answer, OutOfSockets> {
        let begun = Instant::now();
        let sent = tokio::time::timeout(self.timeout, self.exchange(post)).await;
        let mut answer = match sent {
            Ok(Ok(answer)) => answer,
            Ok(Err(Trouble::OutOfSockets)) => return Err(OutOfSockets),
            Ok(Err(Trouble::Failed { cause, detail })) => failed(cause, detail.as_deref()),
            Err(_) => failed(FailureCause::Timeout, None),
        };
        answer.latency_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        Ok(answer)
    }

    async fn exchange(&self, post: Post) -> Result<Answer, Trouble> {
        let mut response = self
            .client
            .post(post.url)
            .headers(post.headers)
            .header("content-type", "application/json")
            .header("webhook-id", post.id)
            .header("webhook-timestamp", post.timestamp_s)
            .header("webhook-signature", post.signature)
            .body(post.body)
            .send()
            .await
            .map_err(|error| cause::of(&error))?;
        let status = response.status().as_u16();
        let outcome = retry::classify(status, retry_after(response.headers()), self.clock.now_ms());
        let body = read_beginning(&mut response)
            .await
            .map_err(|error| cause::of(&error))?;
        Ok(Answer {
            outcome,
            status: Some(status),
            error: refusal(&outcome),
            excerpt: excerpt(&body),
            latency_ms: 0,
        })
    }
}

/// An attempt that ended without an answer.
pub(super) fn failed(cause: FailureCause, detail: Option<&str>) -> Answer {
    let error = match detail {
        Some(detail) => format!("{cause}: {}", printable(detail, DETAIL_MAX)),
        None => cause.to_string(),
    };
    Answer {
        outcome: Outcome::Failed { cause },
        status: None,
        error: Some(error),
        excerpt: None,
        latency_ms: 0,
    }
}

/// What people read about an answer that is not 2xx.
fn refusal(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Delivered => None,
        Outcome::Gone => Some(FailureCause::Status(410).to_string()),
        Outcome::RetryAfter { status, .. } => Some(FailureCause::Status(*status).to_string()),
        Outcome::Failed { cause } => Some(cause.to_string()),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
}

/// Reads at most [`BODY_MAX`] bytes; what follows is never asked for.
async fn read_beginning(response: &mut Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while body.len() < BODY_MAX {
        let Some(chunk) = response.chunk().await? else {
            break;
        };
        let room = BODY_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(body)
}

fn excerpt(body: &[u8]) -> Option<String> {
    let beginning = &body[..body.len().min(EXCERPT_MAX)];
    let text = printable(&String::from_utf8_lossy(beginning), EXCERPT_MAX);
    (!text.is_empty()).then_some(text)
}

/// `text` without control characters, cut at `max` bytes.
fn printable(text: &str, max: usize) -> String {
    let mut printable = String::new();
    for character in text.chars() {
        let character = match character {
            '\n' | '\r' | '\t' => ' ',
            character if character.is_control() => continue,
            character => character,
        };
        if printable.len() + character.len_utf8() > max {
            break;
        }
        printable.push(character);
    }
    printable.trim().to_owned()
}

#[cfg(test)]
#[path = "sender_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "sender/ssrf_tests.rs"]
mod ssrf_tests;
