//! A receiver of webhooks that can misbehave. Every request is verified as a receiver would: with
//! the reference library.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) id: String,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Bytes,
    pub(crate) body: Value,
    /// What the receiver answered.
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

#[derive(Debug)]
struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    status: Mutex<u16>,
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
        });
        let app = Router::new()
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
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let answered = *shared.status.lock().unwrap();
    let id = headers
        .get("webhook-id")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let body = serde_json::from_slice(&raw).unwrap_or(Value::Null);
    shared.arrivals.lock().unwrap().push(Arrival {
        id,
        headers,
        raw,
        body,
        answered,
    });
    StatusCode::from_u16(answered).unwrap()
}
