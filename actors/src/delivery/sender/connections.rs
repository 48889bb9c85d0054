//! Counts the connections that the sender opens. Requests beyond that count reused a connection.

use std::task::{Context, Poll};

use prometheus_client::metrics::counter::Counter;
use tower::{Layer, Service};

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

impl<S: Service<R>, R> Service<R> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.opened.inc();
        self.connector.call(request)
    }
}
