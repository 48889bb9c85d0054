//! Sends one signed webhook request to a partner's server.
//!
//! Owns the HTTP client and its limits. Each connection resolves the host name once, through
//! [`super::resolver::VettingResolver`], and goes only to an address that passed the check. The
//! client follows no redirects, uses no proxy and does not retry. It reads at most [`MAX_BODY_BYTES`]
//! bytes of the response body. One timeout covers the whole attempt. The client speaks HTTP/2 if
//! the receiver offers it in the TLS handshake, and HTTP/1.1 otherwise.
//!
//! Never decides what happens after an attempt: `domain::retry` does.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use prometheus_client::metrics::counter::Counter;
use reqwest::{Client, ClientBuilder, Response, redirect};
use tokio::time::Instant;
use url::Url;

use super::connections::{CountConnections, noting_opened};
use super::send_error::SendError;
use super::{resolver, sanitize, send_error};
use crate::domain::retry;
use crate::domain::retry::{FailureCause, Outcome};
use crate::domain::safe_address::AddressPolicy;
use crate::infra::{Clock, HostLookup, Mode, Settings};

/// Maximum number of bytes read from a response body.
const MAX_BODY_BYTES: usize = 16 * 1_024;
/// Initial HTTP/2 stream window in bytes: how much a receiver may send before the client has read it.
/// The client's default is 2 MB per request.
const HTTP2_STREAM_WINDOW: u32 = 64 * 1_024;
/// Shorter than the keep-alive timeout of common servers (5 s), so that a request rarely uses a
/// connection that the server is closing.
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(4);

/// One webhook request.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) url: Url,
    /// `webhook-id`, the same on every attempt.
    pub(crate) id: String,
    pub(crate) timestamp_s: i64,
    pub(crate) signature: String,
    /// W3C Trace Context header. The attempt is a span in the trace of the event.
    pub(crate) traceparent: String,
    /// Custom headers of the endpoint. They never include a header that this service sets.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The result of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttemptResponse {
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    /// Why the attempt failed, for people to read. `None` if it was delivered.
    pub(crate) error: Option<String>,
    /// The sanitized start of the response body.
    pub(crate) excerpt: Option<String>,
    pub(crate) latency_ms: i64,
}

/// The process has no free file descriptors, so nothing was sent. The attempt does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this process has no sockets left")]
pub(crate) struct OutOfFileDescriptors;

/// Sends webhooks. The process has one, because it owns the connection pool.
#[derive(Debug)]
pub(crate) struct Sender {
    client: Client,
    /// Keeps no connections, so that each of its requests opens one.
    unpooled: Client,
    policy: AddressPolicy,
    pub(super) timeout: Duration,
    clock: Clock,
}

impl Sender {
    /// Builds the HTTP client. `connections` counts the connections that it opens.
    pub(crate) fn new(
        settings: &Settings,
        clock: &Clock,
        hosts: HostLookup,
        connections: &Counter,
    ) -> Result<Self, reqwest::Error> {
        Self::with_lookup(settings, clock, connections, hosts)
    }

    fn with_lookup(
        settings: &Settings,
        clock: &Clock,
        connections: &Counter,
        lookup: impl resolver::Lookup,
    ) -> Result<Self, reqwest::Error> {
        let resolver = resolver::VettingResolver::new(settings.address_policy(), lookup);
        let client = || client(settings).dns_resolver(resolver.clone());
        Self::over(client, settings, clock, connections)
    }

    /// Builds a sender from prepared client builders.
    pub(super) fn over(
        client: impl Fn() -> ClientBuilder,
        settings: &Settings,
        clock: &Clock,
        connections: &Counter,
    ) -> Result<Self, reqwest::Error> {
        let client = || client().connector_layer(CountConnections(connections.clone()));
        Ok(Self {
            client: client().build()?,
            unpooled: client().pool_max_idle_per_host(0).build()?,
            policy: settings.address_policy(),
            timeout: settings.delivery_timeout,
            clock: clock.clone(),
        })
    }

    /// Sends the request and reads the response, within the timeout.
    ///
    /// Returns an error only if the process has no free file descriptors. Every other failure is an
    /// [`AttemptResponse`].
    pub(crate) async fn post(&self, post: Post) -> Result<AttemptResponse, OutOfFileDescriptors> {
        let started = Instant::now();
        let deadline = started + self.timeout;
        let mut answer = match before_deadline(deadline, self.send(post)).await {
            Ok(response) => self.read_response(response, deadline).await?,
            Err(error) => from_send_error(error)?,
        };
        answer.latency_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Ok(answer)
    }

    /// Sends the request and waits for the head of the response.
    ///
    /// Receivers close connections that were idle for some time, and a request can cross with that. If a reused
    /// connection is closed before a response, the request is sent once more on a new one, as part of the same attempt.
    async fn send(&self, post: Post) -> Result<Response, reqwest::Error> {
        let (answer, has_opened) = noting_opened(request(&self.client, &post)).await;
        match answer {
            Err(error) if !has_opened && send_error::is_closed_unanswered(&error) => {
                request(&self.unpooled, &post).await
            }
            answer => answer,
        }
    }

    /// Reads the response. Outside 2xx, the head alone decides: a 410 whose body never ends is a
    /// 410. A 2xx counts as delivered only if the body arrives as announced, up to [`MAX_BODY_BYTES`]
    /// bytes.
    async fn read_response(
        &self,
        mut response: Response,
        deadline: Instant,
    ) -> Result<AttemptResponse, OutOfFileDescriptors> {
        if !self.permits_peer(&response) {
            return Ok(failed(FailureCause::UnsafeAddress, None));
        }
        let status = response.status().as_u16();
        let outcome = retry::classify(status, retry_after(response.headers()), self.clock.now_ms());
        let mut body = Vec::new();
        let read = before_deadline(deadline, read_beginning(&mut response, &mut body)).await;
        let answer = match read {
            Err(error) if outcome == Outcome::Delivered => from_send_error(error)?,
            _ => from_outcome(outcome),
        };
        Ok(AttemptResponse {
            status: Some(status),
            excerpt: sanitize::excerpt(&body),
            ..answer
        })
    }

    /// Returns whether the response came from a permitted address.
    ///
    /// This is a second line of defence. The connector checks host names, the URL check covers
    /// literal addresses, and the policy is fixed while the process runs, so the pool should never
    /// hold a connection to any other address. If a bug in the client opens one, this check keeps
    /// the response of an internal server from being stored and shown.
    fn permits_peer(&self, response: &Response) -> bool {
        response
            .remote_addr()
            .is_none_or(|peer| self.policy.permits(peer.ip()))
    }
}

async fn request(client: &Client, post: &Post) -> Result<Response, reqwest::Error> {
    client
        .post(post.url.clone())
        .headers(post.headers.clone())
        .header("content-type", "application/json")
        .header("webhook-id", &post.id)
        .header("webhook-timestamp", post.timestamp_s)
        .header("webhook-signature", &post.signature)
        .header("traceparent", &post.traceparent)
        .body(post.body.clone())
        .send()
        .await
}

/// The client builder with every setting except name resolution.
pub(super) fn client(settings: &Settings) -> ClientBuilder {
    ClientBuilder::new()
        .user_agent(&settings.user_agent)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .https_only(settings.mode == Mode::Production)
        .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
        .tcp_nodelay(true)
        .http2_initial_stream_window_size(HTTP2_STREAM_WINDOW)
}

/// Runs one step of an attempt until the attempt's deadline.
async fn before_deadline<T>(
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

/// The result of an attempt without a complete response.
fn from_send_error(error: SendError) -> Result<AttemptResponse, OutOfFileDescriptors> {
    match error {
        SendError::OutOfFileDescriptors => Err(OutOfFileDescriptors),
        SendError::Failed { cause, detail } => Ok(failed(cause, detail.as_deref())),
    }
}

/// The result of an attempt that the response decides.
fn from_outcome(outcome: Outcome) -> AttemptResponse {
    AttemptResponse {
        outcome,
        status: None,
        error: error_text(&outcome),
        excerpt: None,
        latency_ms: 0,
    }
}

/// The result of an attempt that failed for `cause`. `detail` is sanitized here.
pub(crate) fn failed(cause: FailureCause, detail: Option<&str>) -> AttemptResponse {
    let error = match detail {
        Some(detail) => format!("{cause}: {}", sanitize::detail(detail)),
        None => cause.to_string(),
    };
    AttemptResponse {
        outcome: Outcome::Failed { cause },
        status: None,
        error: Some(error),
        excerpt: None,
        latency_ms: 0,
    }
}

/// The error text of a response outside 2xx, for people to read.
fn error_text(outcome: &Outcome) -> Option<String> {
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

/// Reads at most [`MAX_BODY_BYTES`] bytes into `body` and leaves the rest unread.
async fn read_beginning(response: &mut Response, body: &mut Vec<u8>) -> Result<(), reqwest::Error> {
    while body.len() < MAX_BODY_BYTES {
        let Some(chunk) = response.chunk().await? else {
            break;
        };
        let remaining = MAX_BODY_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(remaining)]);
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
