//! One POST to a stranger's server: signed, pinned to vetted addresses, and bounded in every way.
//!
//! The name is resolved once a connection, by [`super::resolver::VettingResolver`]; what it answers has
//! been judged, and the connection goes there and nowhere else. No redirects, no proxy, no retry
//! inside the client, at most [`MAX_BODY`] bytes of the answer, and one timeout over all of it.
//! HTTP/2 where a receiver offers it in the TLS handshake, HTTP/1.1 elsewhere.
//! Never decides what follows: that is `domain::retry`.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use prometheus_client::metrics::counter::Counter;
use reqwest::{Client, ClientBuilder, Response, redirect};
use tokio::time::Instant;
use url::Url;

use super::connections::CountConnections;
use super::send_error::SendError;
use super::{resolver, sanitize, send_error};
use crate::domain::retry;
use crate::domain::retry::{FailureCause, Outcome};
use crate::domain::safe_address::AddressPolicy;
use crate::infra::{Clock, Mode, Settings};

/// How much of an answer is read.
const MAX_BODY: usize = 16 * 1_024;
/// How much of an answer an HTTP/2 receiver may send ahead of our reading. The client's own default
/// is 2 MB for each request in flight.
const WINDOW: u32 = 64 * 1_024;
/// Shorter than the keep-alive of common servers (5 s), so that a request rarely meets a
/// connection that its server is just closing.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) url: Url,
    /// `webhook-id`, the same on every attempt.
    pub(crate) id: String,
    pub(crate) timestamp_s: i64,
    pub(crate) signature: String,
    /// W3C Trace Context: this attempt as a span of the trace that the event belongs to.
    pub(crate) traceparent: String,
    /// The receiver's own; none of them is one of ours.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    /// For people: why it failed.
    pub(crate) error: Option<String>,
    pub(crate) excerpt: Option<String>,
    pub(crate) latency_ms: i64,
}

/// Nothing was sent, and it is our own fault: the attempt does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this process has no sockets left")]
pub(crate) struct OutOfSockets;

/// The client of the whole process.
#[derive(Debug)]
pub(crate) struct Sender {
    client: Client,
    policy: AddressPolicy,
    pub(super) timeout: Duration,
    clock: Clock,
}

impl Sender {
    /// Builds the client.
    pub(crate) fn new(
        settings: &Settings,
        clock: &Clock,
        connections: Counter,
    ) -> Result<Self, reqwest::Error> {
        Self::with_lookup(settings, clock, connections, resolver::SystemLookup)
    }

    fn with_lookup(
        settings: &Settings,
        clock: &Clock,
        connections: Counter,
        lookup: impl resolver::Lookup,
    ) -> Result<Self, reqwest::Error> {
        let resolver = resolver::VettingResolver::new(settings.address_policy(), lookup);
        let client = client(settings)
            .dns_resolver(resolver)
            .connector_layer(CountConnections(connections));
        Self::over(client, settings, clock)
    }

    /// Sends through a client that is all but built.
    pub(super) fn over(
        client: ClientBuilder,
        settings: &Settings,
        clock: &Clock,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: client.build()?,
            policy: settings.address_policy(),
            timeout: settings.delivery_timeout,
            clock: clock.clone(),
        })
    }

    /// Sends, and waits for the whole answer or the timeout.
    pub(crate) async fn post(&self, post: Post) -> Result<Answer, OutOfSockets> {
        let begun = Instant::now();
        let deadline = begun + self.timeout;
        let mut answer = match by(deadline, self.send(post)).await {
            Ok(response) => self.read_response(response, deadline).await?,
            Err(trouble) => unanswered(trouble)?,
        };
        answer.latency_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        Ok(answer)
    }

    /// Sends, and waits for the head of the answer.
    async fn send(&self, post: Post) -> Result<Response, reqwest::Error> {
        self.client
            .post(post.url)
            .headers(post.headers)
            .header("content-type", "application/json")
            .header("webhook-id", post.id)
            .header("webhook-timestamp", post.timestamp_s)
            .header("webhook-signature", post.signature)
            .header("traceparent", post.traceparent)
            .body(post.body)
            .send()
            .await
    }

    /// Reads the answer. One outside 2xx is judged by its head: a 410 whose body never ends is a
    /// 410. A 2xx counts only if its body arrives as it was announced, up to [`MAX_BODY`].
    async fn read_response(
        &self,
        mut response: Response,
        deadline: Instant,
    ) -> Result<Answer, OutOfSockets> {
        if !self.permits_peer(&response) {
            return Ok(failed(FailureCause::UnsafeAddress, None));
        }
        let status = response.status().as_u16();
        let outcome = retry::classify(status, retry_after(response.headers()), self.clock.now_ms());
        let mut body = Vec::new();
        let read = by(deadline, read_beginning(&mut response, &mut body)).await;
        let answer = match read {
            Err(trouble) if outcome == Outcome::Delivered => unanswered(trouble)?,
            _ => answered(outcome),
        };
        Ok(Answer {
            status: Some(status),
            excerpt: sanitize::excerpt(&body),
            ..answer
        })
    }

    /// Whether the answer came from where we may go. A belt: names are judged in the connector and
    /// addresses in the URL, and the policy never changes in a process's life, so no connection to
    /// anywhere else can be open or wait to be used again. Were there one, by a fault in the client
    /// or a new way to connect, nobody could read through it what is inside.
    fn permits_peer(&self, response: &Response) -> bool {
        response
            .remote_addr()
            .is_none_or(|peer| self.policy.permits(peer.ip()))
    }
}

/// Everything about the client but where names lead.
pub(super) fn client(settings: &Settings) -> ClientBuilder {
    ClientBuilder::new()
        .user_agent(&settings.user_agent)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .https_only(settings.mode == Mode::Production)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tcp_nodelay(true)
        .http2_initial_stream_window_size(WINDOW)
}

/// One step of an attempt, within the attempt's time.
async fn by<T>(
    deadline: Instant,
    step: impl Future<Output = Result<T, reqwest::Error>>,
) -> Result<T, SendError> {
    match tokio::time::timeout_at(deadline, step).await {
        Ok(done) => done.map_err(|error| send_error::of(&error)),
        Err(_) => Err(SendError::Failed {
            cause: FailureCause::Timeout,
            detail: None,
        }),
    }
}

/// An attempt without a whole answer.
fn unanswered(trouble: SendError) -> Result<Answer, OutOfSockets> {
    match trouble {
        SendError::OutOfSockets => Err(OutOfSockets),
        SendError::Failed { cause, detail } => Ok(failed(cause, detail.as_deref())),
    }
}

/// An attempt that ended with an answer.
fn answered(outcome: Outcome) -> Answer {
    Answer {
        outcome,
        status: None,
        error: refusal(&outcome),
        excerpt: None,
        latency_ms: 0,
    }
}

/// An attempt that ended without an answer.
pub(crate) fn failed(cause: FailureCause, detail: Option<&str>) -> Answer {
    let error = match detail {
        Some(detail) => format!("{cause}: {}", sanitize::detail(detail)),
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

/// Reads at most [`MAX_BODY`] bytes; what follows is never asked for.
async fn read_beginning(response: &mut Response, body: &mut Vec<u8>) -> Result<(), reqwest::Error> {
    while body.len() < MAX_BODY {
        let Some(chunk) = response.chunk().await? else {
            break;
        };
        let room = MAX_BODY - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(())
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "ssrf_tests.rs"]
mod ssrf_tests;

#[cfg(test)]
#[path = "misbehaving_tests.rs"]
mod misbehaving_tests;

#[cfg(test)]
#[path = "malformed_response_tests.rs"]
mod malformed_response_tests;

#[cfg(test)]
#[path = "hostile_response_tests.rs"]
mod hostile_response_tests;

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tls_tests;

#[cfg(test)]
#[path = "http2_tests.rs"]
mod http2_tests;
