//! A webhook receiver on loopback. It records every request, answers with a chosen status, can hold its responses back,
//! and can be down at first: bound to its port, but not listening.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A path that records nothing. Its response shows that all earlier requests have been read.
const CAUGHT_UP: &str = "/caught-up";

/// The length of the accept queue.
const BACKLOG: u32 = 1_024;

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The `webhook-id`, which is the same on every retry.
    pub id: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as received.
    pub raw: Bytes,
    /// The parsed body; null if it is not JSON.
    pub body: Value,
    /// When the request had been read.
    pub at: Instant,
    /// The response status. It is 0 before the response, and stays 0 if the sender disconnects first.
    pub answered: u16,
}

impl Arrival {
    /// The `type` of the body, or an empty string.
    #[must_use]
    pub fn event_type(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    /// The number of the event among the creditor's events, from 1. It is 0 if the body has none.
    #[must_use]
    pub fn sequence(&self) -> i64 {
        self.body["data"]["sequence"].as_i64().unwrap_or_default()
    }

    /// A string in the `data` of the body.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.body["data"][name].as_str()
    }
}

/// A webhook that was sent again after the receiver had accepted it.
#[derive(Debug)]
pub struct Repeat {
    /// The `webhook-id`.
    pub id: String,
    /// When the accepted request arrived.
    pub accepted_at: Instant,
    /// When the same webhook arrived again.
    pub again_at: Instant,
}

/// Decides whether a request is genuine. Others are answered with 401.
type Verifier = dyn Fn(&Arrival) -> bool + Send + Sync;

struct Shared {
    verifier: Box<Verifier>,
    arrivals: Mutex<Vec<Arrival>>,
    status: AtomicU16,
    holding: watch::Sender<Holding>,
}

/// Which responses are held back.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holding {
    Nothing,
    All,
    /// Responses to later requests with these ids.
    Only(HashSet<String>),
}

/// A receiver. It stops on drop.
pub struct Receiver {
    /// The address that it is bound to.
    pub address: SocketAddr,
    /// The webhook URL.
    pub url: String,
    shared: Arc<Shared>,
    /// The bound socket while the receiver is down.
    socket: Mutex<Option<TcpSocket>>,
    serving: Mutex<Option<JoinHandle<()>>>,
}

impl Receiver {
    /// Binds a free port without listening on it: connections are refused, and no other process can take the port.
    ///
    /// Later it answers 200, or 401 if `verifier` returns false. The path of its URL is `path`.
    ///
    /// # Errors
    /// No port can be bound.
    pub fn bind(
        path: &str,
        verifier: impl Fn(&Arrival) -> bool + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = socket.local_addr()?;
        Ok(Self {
            address,
            url: format!("http://{address}{path}"),
            shared: Arc::new(Shared {
                verifier: Box::new(verifier),
                arrivals: Mutex::default(),
                status: AtomicU16::new(200),
                holding: watch::Sender::new(Holding::Nothing),
            }),
            socket: Mutex::new(Some(socket)),
            serving: Mutex::default(),
        })
    }

    /// Starts listening. Does nothing if the receiver already listens.
    ///
    /// # Errors
    /// The operating system refuses to listen on the port.
    pub fn open(&self) -> io::Result<()> {
        let Some(socket) = lock(&self.socket).take() else {
            return Ok(());
        };
        let listener = socket.listen(BACKLOG)?;
        let router = Router::new()
            .route(CAUGHT_UP, get(|| async { StatusCode::OK }))
            .fallback(receive)
            .with_state(Arc::clone(&self.shared));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        *lock(&self.serving) = Some(serving);
        Ok(())
    }

    /// Sets the status of all later responses to genuine requests.
    pub fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// Holds all later responses back.
    pub fn hold(&self) {
        self.shared.holding.send_replace(Holding::All);
    }

    /// Sends all responses that were held back, and holds no more.
    pub fn release(&self) {
        self.shared.holding.send_replace(Holding::Nothing);
    }

    /// Sends all responses that were held back, and holds only later responses to `ids`.
    pub fn release_and_hold(&self, ids: HashSet<String>) {
        self.shared.holding.send_replace(Holding::Only(ids));
    }

    /// All requests, whatever their response status.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        lock(&self.shared.arrivals).clone()
    }

    /// The accepted requests, one per `webhook-id`, in the order of their first arrival.
    #[must_use]
    pub fn accepted(&self) -> Vec<Arrival> {
        let mut seen = HashSet::new();
        let mut accepted = self.arrivals();
        accepted.retain(|arrival| arrival.answered == 200 && seen.insert(arrival.id.clone()));
        accepted
    }

    /// The invoice numbers of all accepted `placement.created` events.
    #[must_use]
    pub fn invoices(&self) -> HashSet<String> {
        let arrivals = lock(&self.shared.arrivals);
        let accepted = arrivals.iter().filter(|arrival| arrival.answered == 200);
        accepted
            .filter(|arrival| arrival.event_type() == "placement.created")
            .filter_map(|arrival| arrival.field("invoice_number"))
            .map(str::to_owned)
            .collect()
    }

    /// Every arrival of a webhook that had been accepted before.
    #[must_use]
    pub fn repeats(&self) -> Vec<Repeat> {
        let arrivals = lock(&self.shared.arrivals);
        let mut accepted: HashMap<&str, Instant> = HashMap::new();
        let mut repeats = Vec::new();
        for arrival in arrivals.iter() {
            if let Some(accepted_at) = accepted.get(arrival.id.as_str()) {
                repeats.push(Repeat {
                    id: arrival.id.clone(),
                    accepted_at: *accepted_at,
                    again_at: arrival.at,
                });
            }
            if arrival.answered == 200 {
                accepted.insert(&arrival.id, arrival.at);
            }
        }
        repeats
    }

    /// The ids of requests that have no response yet, or whose sender disconnected before it.
    #[must_use]
    pub fn unanswered(&self) -> HashSet<String> {
        let arrivals = lock(&self.shared.arrivals);
        let unanswered = arrivals.iter().filter(|arrival| arrival.answered == 0);
        unanswered.map(|arrival| arrival.id.clone()).collect()
    }

    /// When the first request with one of `ids` arrived after `since`.
    #[must_use]
    pub fn first_after(&self, since: Instant, ids: &HashSet<String>) -> Option<Instant> {
        let arrivals = lock(&self.shared.arrivals);
        let mut later = arrivals.iter().filter(|arrival| arrival.at > since);
        let first = later.find(|arrival| ids.contains(&arrival.id));
        first.map(|arrival| arrival.at)
    }
}

#[cfg(feature = "testing")]
#[expect(clippy::expect_used, reason = "without a port, the test fails")]
impl Receiver {
    /// Starts a receiver that listens at once and accepts every request.
    ///
    /// # Panics
    /// No port is free.
    #[must_use]
    pub fn start() -> Self {
        let receiver = Self::bind("/hook", |_| true).expect("a free port");
        receiver.open().expect("the port is bound");
        receiver
    }

    /// Waits until everything that was sent before this call has been read.
    ///
    /// Connections are read in the order in which they open, so a new connection is read last.
    ///
    /// # Panics
    /// There is no HTTP client.
    pub async fn catch_up(&self) {
        let http = crate::Http::new(&format!("http://{}", self.address)).expect("a client");
        http.get(CAUGHT_UP).await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(serving) = lock(&self.serving).take() {
            serving.abort();
        }
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let (index, id) = shared.record(headers, raw);
    // If the sender disconnects, this future is dropped here.
    shared.wait_while_held(&id).await;
    shared.respond(index)
}

impl Shared {
    /// Records a request. Returns its index and its id.
    fn record(&self, headers: HeaderMap, raw: Bytes) -> (usize, String) {
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
        let id = id.unwrap_or_default().to_owned();
        let body = serde_json::from_slice(&raw).unwrap_or(Value::Null);
        let mut arrivals = lock(&self.arrivals);
        arrivals.push(Arrival {
            id: id.clone(),
            headers,
            raw,
            body,
            at: Instant::now(),
            answered: 0,
        });
        (arrivals.len() - 1, id)
    }

    /// Waits as long as the response to request `id` is held back.
    async fn wait_while_held(&self, id: &str) {
        let mut holding = self.holding.subscribe();
        let here = holding.borrow().clone();
        let _ = match here {
            Holding::Nothing => return,
            Holding::Only(ids) if !ids.contains(id) => return,
            Holding::Only(_) => holding.wait_for(|now| *now == Holding::Nothing).await,
            Holding::All => holding.wait_for(|now| *now != Holding::All).await,
        };
    }

    /// Decides and records the status of the response.
    fn respond(&self, index: usize) -> StatusCode {
        let mut arrivals = lock(&self.arrivals);
        let arrival = &mut arrivals[index];
        arrival.answered = if (self.verifier)(arrival) {
            self.status.load(Ordering::SeqCst)
        } else {
            401
        };
        StatusCode::from_u16(arrival.answered).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
