//! The creditor's webhook receiver: an HTTP server on a loopback port. It starts down.
//!
//! While it is down, the port is bound but not listening. Connections are refused, and no other process can take the
//! port. Owns the received events. Never accepts an event whose signature does not verify.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actors::clock::Clock;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use super::failure::Failure;
use super::signature::{self, Refusal, Signed};

/// The path that accepts webhooks.
const PATH: &str = "/webhooks/partner";

/// The length of the accept queue.
const BACKLOG: u32 = 128;

/// A received webhook with a verified signature.
#[derive(Clone)]
pub(super) struct Event {
    /// `webhook-id`: the same on every retry.
    pub(super) id: String,
    timestamp: String,
    signature: String,
    body: Bytes,
    /// The `type` of the body.
    pub(super) kind: String,
    /// The `data.sequence` of the body: the event's number among the creditor's events, from 1.
    pub(super) sequence: i64,
    /// The `data` of the body.
    pub(super) data: Value,
}

impl Event {
    /// The signed parts of this event with `body` in place of the received body.
    pub(super) fn with_body<'a>(&'a self, body: &'a [u8]) -> Signed<'a> {
        let (id, timestamp, signature) = (&self.id, &self.timestamp, &self.signature);
        Signed {
            id,
            timestamp,
            signature,
            body,
        }
    }

    /// The body as received.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// A string field of `data`.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.data.get(name)?.as_str()
    }
}

/// The signing secret and everything that was received.
#[derive(Default)]
struct Inbox {
    secret: Option<SecretString>,
    seen: BTreeSet<String>,
    events: Vec<Event>,
    duplicates: usize,
    refused: Vec<String>,
}

struct Shared {
    clock: Clock,
    inbox: Mutex<Inbox>,
}

/// Whether the receiver accepts connections.
enum Door {
    Down(TcpSocket),
    Up(JoinHandle<()>),
}

/// The creditor's webhook receiver.
pub(super) struct Receiver {
    address: SocketAddr,
    door: Mutex<Option<Door>>,
    shared: Arc<Shared>,
}

impl Receiver {
    /// Binds a free port without listening on it.
    pub(super) fn reserve(clock: Clock) -> Result<Self, Failure> {
        let reserved = || {
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            Ok((socket.local_addr()?, socket))
        };
        let (address, socket) = reserved().map_err(|error: std::io::Error| {
            Failure::broken("bind a port for the receiver", error)
        })?;
        let shared = Shared {
            clock,
            inbox: Mutex::default(),
        };
        Ok(Self {
            address,
            door: Mutex::new(Some(Door::Down(socket))),
            shared: Arc::new(shared),
        })
    }

    /// The webhook URL.
    pub(super) fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// The address that the receiver is bound to.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the secret that verifies signatures.
    pub(super) fn trust(&self, secret: &str) {
        self.inbox().secret = Some(SecretString::from(secret));
    }

    /// Starts listening. Does nothing if the receiver is already up.
    pub(super) fn open(&self) -> Result<(), Failure> {
        let mut door = lock(&self.door);
        *door = match door.take() {
            Some(Door::Down(socket)) => {
                let listener = socket.listen(BACKLOG).map_err(|error| {
                    Failure::broken("listen on the port of the receiver", error)
                })?;
                let router = Router::new()
                    .route(PATH, post(receive))
                    .with_state(Arc::clone(&self.shared));
                Some(Door::Up(tokio::spawn(async move {
                    let _ = axum::serve(listener, router).await;
                })))
            }
            other => other,
        };
        Ok(())
    }

    /// All received events without duplicates, ordered by sequence number.
    pub(super) fn events(&self) -> Vec<Event> {
        let mut events = self.inbox().events.clone();
        events.sort_by_key(|event| event.sequence);
        events
    }

    /// Whether an event with this `webhook-id` has been received.
    pub(super) fn has(&self, id: &str) -> bool {
        self.inbox().seen.contains(id)
    }

    /// Number of events that were received more than once.
    pub(super) fn duplicates(&self) -> usize {
        self.inbox().duplicates
    }

    /// The reasons for rejected webhooks.
    pub(super) fn refused(&self) -> Vec<String> {
        self.inbox().refused.clone()
    }

    /// Whether the signature of `event` verifies with `body` in place of the received body.
    pub(super) fn believes(&self, event: &Event, body: &[u8]) -> bool {
        let inbox = self.inbox();
        let now_ms = self.shared.clock.now_ms();
        verified(&inbox, event.with_body(body), now_ms).is_ok()
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.shared.inbox)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(Door::Up(task)) = lock(&self.door).take() {
            task.abort();
        }
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut inbox = lock(&shared.inbox);
    match read(&inbox, &headers, body, shared.clock.now_ms()) {
        Ok(event) => {
            if inbox.seen.insert(event.id.clone()) {
                inbox.events.push(event);
            } else {
                inbox.duplicates += 1;
            }
            StatusCode::OK
        }
        Err(why) => {
            inbox.refused.push(why);
            StatusCode::UNAUTHORIZED
        }
    }
}

fn read(inbox: &Inbox, headers: &HeaderMap, body: Bytes, now_ms: i64) -> Result<Event, String> {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value
            .map(str::to_owned)
            .ok_or_else(|| format!("no {name} header"))
    };
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let signature = header("webhook-signature")?;
    let signed = Signed {
        id: &id,
        timestamp: &timestamp,
        signature: &signature,
        body: &body,
    };
    verified(inbox, signed, now_ms).map_err(|refusal| format!("{id}: {refusal}"))?;
    let json: Value =
        serde_json::from_slice(&body).map_err(|error| format!("{id}: invalid JSON: {error}"))?;
    let kind = json.pointer("/type").and_then(Value::as_str);
    let sequence = json.pointer("/data/sequence").and_then(Value::as_i64);
    let (Some(kind), Some(sequence)) = (kind, sequence) else {
        return Err(format!("{id}: no type or no data.sequence"));
    };
    let data = json.pointer("/data").cloned().unwrap_or_default();
    Ok(Event {
        kind: kind.to_owned(),
        sequence,
        data,
        id,
        timestamp,
        signature,
        body,
    })
}

fn verified(inbox: &Inbox, signed: Signed<'_>, now_ms: i64) -> Result<(), Refusal> {
    let secret = inbox.secret.as_ref().ok_or(Refusal::Secret)?;
    signature::verify(secret.expose_secret(), signed, now_ms)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
