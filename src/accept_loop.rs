//! The accept loop: accepts connections and passes their requests to the router.
//!
//! Owns sockets. `axum::serve` has no timers, so a client that never finishes a head or never reads a response would
//! hold a connection for good. [`crate::connections`] has the bounds and the timers. Never inspects a request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::connections::{Activity, ConnectionLimits, Registry, RunningRequest, Slot, TimedStream};
use crate::http_metrics::{HttpMetrics, Running};

/// An HTTP/2 peer that stays silent this long is sent a PING.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// The pause after a failed `accept`. The usual cause is a lack of file descriptors; the pause avoids a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running accept loop.
#[derive(Debug)]
pub(crate) struct Serving {
    close: oneshot::Sender<()>,
    task: JoinHandle<GracefulShutdown>,
}

impl Serving {
    /// Starts to accept connections, until [`Self::finish`] is called.
    pub(crate) fn start(
        listener: TcpListener,
        router: Router,
        limits: ConnectionLimits,
        metrics: Arc<HttpMetrics>,
    ) -> Self {
        let (close, closed) = oneshot::channel();
        let registry = Registry::new(limits);
        Self {
            close,
            task: tokio::spawn(accept(listener, router, registry, metrics, closed)),
        }
    }

    /// Stops accepting and waits for the requests in flight. Returns false if some are left after `timeout`.
    pub(crate) async fn finish(self, timeout: Duration) -> bool {
        let _ = self.close.send(());
        let Ok(connections) = self.task.await else {
            return false;
        };
        tokio::time::timeout(timeout, connections.shutdown())
            .await
            .is_ok()
    }
}

async fn accept(
    listener: TcpListener,
    router: Router,
    registry: Registry,
    metrics: Arc<HttpMetrics>,
    mut closed: oneshot::Receiver<()>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut closed => return connections,
        };
        match accepted {
            Ok((stream, peer)) => match registry.admit(peer.ip()) {
                Some(place) => serve(stream, peer, router.clone(), place, &connections, &metrics),
                None => tracing::debug!(%peer, "a connection was refused: all are in use"),
            },
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    (slot, closed): (Slot, oneshot::Receiver<()>),
    connections: &GracefulShutdown,
    metrics: &Arc<HttpMetrics>,
) {
    // Responses are small. Waiting to fill a packet only adds latency.
    let _ = stream.set_nodelay(true);
    let activity = Arc::new(Activity::new(slot));
    let of_requests = Arc::clone(&activity);
    let service = tower::service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let is_http2 = request.version() == Version::HTTP_2;
        let running = RunningRequest::begin(&of_requests, is_http2);
        let answer = router.clone().oneshot(request.map(Body::new));
        async move {
            let response = answer.await?;
            Ok::<_, Infallible>(response.map(|body| running.watch(body)))
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // `Activity` has this timer: the wait for the next request may be longer than that for the rest of its head.
        .header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL);
    let stream = TimedStream {
        stream,
        activity: Arc::clone(&activity),
    };
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = connections.watch(connection.into_owned());
    let metrics = Arc::clone(metrics);
    tokio::spawn(async move {
        let _open = Running::begin(&metrics.connections);
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a connection ended with an error");
                metrics.broke(kind_of(error.as_ref()));
            },
            Ok(()) = closed => tracing::debug!(%peer, "a connection without a request made room for another"),
            () = activity.expired() => tracing::debug!(%peer, "a silent connection was closed"),
        }
    });
}

/// Why a connection ended, for the metrics. The HTTP library answers an invalid request itself, before it reaches a
/// handler.
fn kind_of(error: &(dyn std::error::Error + Send + Sync + 'static)) -> &'static str {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) if error.is_parse() => "invalid_request",
        Some(error) if error.is_incomplete_message() => "incomplete_request",
        _ => "other",
    }
}
