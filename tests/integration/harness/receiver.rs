//! A webhook receiver. It records every request, answers with a chosen status, and can hold its
//! responses back.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A path that records nothing. Its response shows that all earlier requests have been read.
const CAUGHT_UP: &str = "/caught-up";

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) id: String,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Bytes,
    pub(crate) body: Value,
    pub(crate) at: Instant,
    /// The response status. It is 0 before the response, and stays 0 if the sender disconnects first.
    pub(crate) answered: u16,
}

impl Arrival {
    pub(crate) fn event_type(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    pub(crate) fn sequence(&self) -> i64 {
        self.body["data"]["sequence"].as_i64().unwrap_or_default()
    }
}

/// A webhook that was sent again after the receiver had accepted it.
#[derive(Debug)]
pub(crate) struct Repeat {
    pub(crate) id: String,
    /// When the accepted request arrived.
    pub(crate) accepted_at: Instant,
    /// When the same webhook arrived again.
    pub(crate) again_at: Instant,
}

#[derive(Debug)]
struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    status: Mutex<u16>,
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

/// A running receiver.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Starts a receiver that answers 200.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            arrivals: Mutex::default(),
            status: Mutex::new(200),
            holding: watch::Sender::new(Holding::Nothing),
        });
        let app = Router::new()
            .route(CAUGHT_UP, get(|| async { StatusCode::OK }))
            .fallback(receive)
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            shared,
            serving,
        }
    }

    /// Sets the status of all later responses.
    pub(crate) fn answer(&self, status: u16) {
        *self.shared.status.lock().unwrap() = status;
    }

    /// Holds all later responses back.
    pub(crate) fn hold(&self) {
        self.shared.holding.send_replace(Holding::All);
    }

    /// Sends all responses that were held back, and holds no more.
    pub(crate) fn release(&self) {
        self.shared.holding.send_replace(Holding::Nothing);
    }

    /// Sends all responses that were held back, and holds only later responses to `ids`.
    pub(crate) fn release_and_hold(&self, ids: HashSet<String>) {
        self.shared.holding.send_replace(Holding::Only(ids));
    }

    /// Waits until everything that was sent before this call has been read.
    ///
    /// Connections are read in the order in which they open, so a new connection is read last.
    pub(crate) async fn catch_up(&self) {
        let base = self.url.trim_end_matches("/hook");
        let _ = super::Http::new(base).get(CAUGHT_UP).await;
    }

    /// All requests, whatever their response status.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.shared.arrivals.lock().unwrap().clone()
    }

    /// The accepted requests, one per `webhook-id`, in the order of their first arrival.
    pub(crate) fn accepted(&self) -> Vec<Arrival> {
        let mut seen = std::collections::HashSet::new();
        let accepted = self
            .arrivals()
            .into_iter()
            .filter(|arrival| arrival.answered == 200);
        accepted
            .filter(|arrival| seen.insert(arrival.id.clone()))
            .collect()
    }

    /// The invoice numbers of all accepted `placement.created` events.
    pub(crate) fn invoices(&self) -> HashSet<String> {
        let arrivals = self.shared.arrivals.lock().unwrap();
        let accepted = arrivals.iter().filter(|arrival| arrival.answered == 200);
        accepted
            .filter(|arrival| arrival.event_type() == "placement.created")
            .map(|arrival| arrival.body["data"]["invoice_number"].as_str().unwrap())
            .map(str::to_owned)
            .collect()
    }

    /// Every arrival of a webhook that had been accepted before.
    pub(crate) fn repeats(&self) -> Vec<Repeat> {
        let arrivals = self.shared.arrivals.lock().unwrap();
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
    pub(crate) fn unanswered(&self) -> HashSet<String> {
        let arrivals = self.shared.arrivals.lock().unwrap();
        let unanswered = arrivals.iter().filter(|arrival| arrival.answered == 0);
        unanswered.map(|arrival| arrival.id.clone()).collect()
    }

    /// When the first request with one of `ids` arrived after `since`.
    pub(crate) fn first_after(&self, since: Instant, ids: &HashSet<String>) -> Option<Instant> {
        let arrivals = self.shared.arrivals.lock().unwrap();
        let mut later = arrivals.iter().filter(|arrival| arrival.at > since);
        let first = later.find(|arrival| ids.contains(&arrival.id));
        first.map(|arrival| arrival.at)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let (index, id) = shared.record(headers, raw);
    // If the sender disconnects, this future is dropped here.
    shared.wait_while_held(&id).await;
    let answered = *shared.status.lock().unwrap();
    shared.arrivals.lock().unwrap()[index].answered = answered;
    StatusCode::from_u16(answered).unwrap()
}

impl Shared {
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

    /// Records a request. Returns its index and its id.
    fn record(&self, headers: HeaderMap, raw: Bytes) -> (usize, String) {
        let id = headers
            .get("webhook-id")
            .and_then(|id| id.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let body = serde_json::from_slice(&raw).unwrap_or(Value::Null);
        let mut arrivals = self.arrivals.lock().unwrap();
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
}
