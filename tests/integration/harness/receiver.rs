//! A receiver of webhooks that can misbehave. Every request is verified as a receiver would: with
//! the reference library.

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

/// Where nothing is received: it answers once everything that came before has been read.
const CAUGHT_UP: &str = "/caught-up";

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) id: String,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Bytes,
    pub(crate) body: Value,
    pub(crate) at: Instant,
    /// What the receiver answered; 0 while it has not, and for ever if the sender went away first.
    pub(crate) answered: u16,
}

impl Arrival {
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    pub(crate) fn sequence(&self) -> i64 {
        self.body["data"]["sequence"].as_i64().unwrap_or_default()
    }
}

/// Something that was sent once more although it had been accepted.
#[derive(Debug)]
pub(crate) struct Repeat {
    pub(crate) id: String,
    /// When that which was accepted had come.
    pub(crate) accepted_at: Instant,
    /// When it came again.
    pub(crate) again_at: Instant,
}

#[derive(Debug)]
struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    status: Mutex<u16>,
    holding: watch::Sender<Holding>,
}

/// Whose answers are held back.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holding {
    Nothing,
    Everybodys,
    /// Of these ids, where they come from now on.
    These(HashSet<String>),
}

/// A running receiver.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Up, answering 200.
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

    /// From now on it answers this.
    pub(crate) fn answer(&self, status: u16) {
        *self.shared.status.lock().unwrap() = status;
    }

    /// From now on whoever sends waits for the answer.
    pub(crate) fn hold(&self) {
        self.shared.holding.send_replace(Holding::Everybodys);
    }

    /// Everybody who waits is answered, and nobody waits any more.
    pub(crate) fn release(&self) {
        self.shared.holding.send_replace(Holding::Nothing);
    }

    /// Everybody who waits is answered; whoever sends one of these from now on waits.
    pub(crate) fn release_and_hold(&self, ids: HashSet<String>) {
        self.shared.holding.send_replace(Holding::These(ids));
    }

    /// Waits until what lies in its sockets has been read: nothing that was sent before this call
    /// arrives after it. It reads connections as they come, so one that comes now is the last.
    pub(crate) async fn catch_up(&self) {
        let base = self.url.trim_end_matches("/hook");
        let _ = super::Http::new(base).get(CAUGHT_UP).await;
    }

    /// Everything that arrived, refused or not.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.shared.arrivals.lock().unwrap().clone()
    }

    /// What was accepted, once per `webhook-id`, in the order of its first arrival.
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

    /// The invoices of every `placement.created` that was accepted.
    pub(crate) fn invoices(&self) -> HashSet<String> {
        let arrivals = self.shared.arrivals.lock().unwrap();
        let accepted = arrivals.iter().filter(|arrival| arrival.answered == 200);
        accepted
            .filter(|arrival| arrival.kind() == "placement.created")
            .map(|arrival| arrival.body["data"]["invoice_number"].as_str().unwrap())
            .map(str::to_owned)
            .collect()
    }

    /// Whatever came again after it had been accepted, each time that it did.
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

    /// The ids of what waits for an answer, or went away before it got one.
    pub(crate) fn unanswered(&self) -> HashSet<String> {
        let arrivals = self.shared.arrivals.lock().unwrap();
        let unanswered = arrivals.iter().filter(|arrival| arrival.answered == 0);
        unanswered.map(|arrival| arrival.id.clone()).collect()
    }

    /// When the first of `ids` came after `since`.
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
    let (place, id) = shared.note(headers, raw);
    // Dropped here when the sender goes away.
    shared.held(&id).await;
    let answered = *shared.status.lock().unwrap();
    shared.arrivals.lock().unwrap()[place].answered = answered;
    StatusCode::from_u16(answered).unwrap()
}

impl Shared {
    /// Waits as long as the answer to what has just come is held back.
    async fn held(&self, id: &str) {
        let mut holding = self.holding.subscribe();
        let here = holding.borrow().clone();
        let _ = match here {
            Holding::Nothing => return,
            Holding::These(ids) if !ids.contains(id) => return,
            Holding::These(_) => holding.wait_for(|now| *now == Holding::Nothing).await,
            Holding::Everybodys => holding.wait_for(|now| *now != Holding::Everybodys).await,
        };
    }

    /// Writes down what came; answers where, and its id.
    fn note(&self, headers: HeaderMap, raw: Bytes) -> (usize, String) {
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
