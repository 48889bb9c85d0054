//! Counts the connections that the sender opens, and notes which request opened one. The others reused a connection.

use std::cell::Cell;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use prometheus_client::metrics::counter::Counter;
use tower::{Layer, Service};

tokio::task_local! {
    /// Whether the request of this task has opened a connection.
    static HAS_OPENED: Cell<bool>;
}

/// Runs a request. Also returns whether it opened a connection.
pub(super) async fn noting_opened<T>(request: impl Future<Output = T>) -> (T, bool) {
    let noting = async {
        let done = request.await;
        (done, HAS_OPENED.with(Cell::get))
    };
    HAS_OPENED.scope(Cell::new(false), noting).await
}

/// The layer around the client's connector. Holds the counter of opened connections.
#[derive(Clone, Debug)]
pub(super) struct CountConnections(pub(super) Counter);

/// A connector that counts its calls.
#[derive(Clone, Debug)]
pub(super) struct Counted<S> {
    connector: S,
    opened: Counter,
}

impl<S> Layer<S> for CountConnections {
    type Service = Counted<S>;

    fn layer(&self, connector: S) -> Self::Service {
        Counted {
            connector,
            opened: self.0.clone(),
        }
    }
}

impl<S, R> Service<R> for Counted<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.opened.inc();
        let opening = self.connector.call(request);
        Box::pin(async move {
            let opened = opening.await;
            // Only now: a request that began to open a connection may take another one that became idle meanwhile.
            // Then the new one is opened outside of the request, for later ones.
            let _ = HAS_OPENED.try_with(|has_opened| has_opened.set(true));
            opened
        })
    }
}
