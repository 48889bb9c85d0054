//! The accept loop: accepts connections and passes their requests to the router.
//!
//! Owns sockets and their timeouts. `axum::serve` sets no header timeout, so a client that never finishes its headers
//! would hold a connection indefinitely. This loop closes such connections. Never inspects a request.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// The longest time from the connect, or from the previous response, to the end of the next request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
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
    pub(crate) fn start(listener: TcpListener, router: Router) -> Self {
        let (close, closed) = oneshot::channel();
        Self {
            close,
            task: tokio::spawn(accept(listener, router, closed)),
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
    mut closed: oneshot::Receiver<()>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut closed => return connections,
        };
        match accepted {
            Ok((stream, peer)) => serve(stream, peer, router.clone(), &connections),
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn serve(stream: TcpStream, peer: SocketAddr, router: Router, connections: &GracefulShutdown) {
    // Responses are small. Waiting to fill a packet only adds latency.
    let _ = stream.set_nodelay(true);
    let service = tower::service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL);
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = connections.watch(connection.into_owned());
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%peer, %error, "a connection ended with an error");
        }
    });
}
