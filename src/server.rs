//! Starts and stops the server.
//!
//! Owns the order of startup: first the actors, which migrate the database, then the listener. Never prints.

use std::net::SocketAddr;
use std::sync::Arc;

use actors::clock::Clock;
use actors::{PartnerApi, StartError};
use thiserror::Error;
use tokio::net::TcpListener;

use crate::accept_loop::Serving;
use crate::app_state::{AppState, Draining, Known};
use crate::config::Config;
use crate::connections::ConnectionLimits;
use crate::shutdown;
use crate::{openapi, router};

/// Why the server did not start.
#[derive(Debug, Error)]
pub enum StartupError {
    /// The actors or the database could not be started.
    #[error(transparent)]
    Actors(#[from] StartError),
    /// The address is in use or does not exist.
    #[error(
        "PARTNER_API_LISTEN: cannot listen on {address}: {cause}; choose another address, or port 0 for a free one"
    )]
    Listen {
        /// The configured address.
        address: String,
        /// The error of the operating system.
        cause: std::io::Error,
    },
}

/// A server that accepts connections.
#[derive(Debug)]
pub struct RunningServer {
    /// The address on which it listens.
    pub addr: SocketAddr,
    /// `http://address:port`.
    pub base_url: String,
    api: PartnerApi,
    draining: Draining,
    serving: Serving,
}

/// Starts the server. It accepts connections when this function returns.
///
/// # Errors
/// [`StartupError`] if the database, an actor or the listener cannot be started.
pub async fn start(config: Config) -> Result<RunningServer, StartupError> {
    start_at(config, Clock::system()).await
}

/// Like [`start`], but takes the time from `clock`.
///
/// # Errors
/// As [`start`].
pub async fn start_at(config: Config, clock: Clock) -> Result<RunningServer, StartupError> {
    let mode = config.settings.mode;
    // Renders the document now, so that no request has to wait for it.
    openapi::text();
    let api = PartnerApi::start_at(config.settings, clock).await?;
    let (listener, addr) = match bind(&config.listen).await {
        Ok(bound) => bound,
        Err(error) => {
            api.drain(shutdown::DRAIN_TIMEOUT).await;
            return Err(error);
        }
    };
    let draining = Draining::default();
    let state = AppState::from(Known {
        api: api.clone(),
        mode,
        trusted_proxies: config.trusted_proxies.into(),
        draining: draining.clone(),
        metrics: Arc::default(),
    });
    let limits = ConnectionLimits::of_process(&state.trusted_proxies);
    let serving = Serving::start(
        listener,
        router::service(&state),
        limits,
        Arc::clone(&state.metrics),
    );
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(%addr, ?mode, version, "accepting connections");
    Ok(RunningServer {
        addr,
        base_url: format!("http://{addr}"),
        api,
        draining,
        serving,
    })
}

async fn bind(address: &str) -> Result<(TcpListener, SocketAddr), StartupError> {
    let refuse = |cause| StartupError::Listen {
        address: address.to_owned(),
        cause,
    };
    let listener = TcpListener::bind(address).await.map_err(refuse)?;
    let addr = listener.local_addr().map_err(refuse)?;
    Ok((listener, addr))
}

impl RunningServer {
    /// The platform behind the server. Mostly used by tests.
    #[must_use]
    pub fn api(&self) -> &PartnerApi {
        &self.api
    }

    /// Runs until SIGTERM or SIGINT, then shuts down like [`Self::stop`]. A second signal ends the process at once.
    ///
    /// Returns false if the server shut down because the actors failed and could not be restarted. The process manager
    /// should then start a new process.
    pub async fn wait(self) -> bool {
        let requested = tokio::select! {
            () = shutdown::signal() => true,
            () = self.api.failed() => false,
        };
        if requested {
            tracing::info!(
                "shutting down: new requests are rejected; signal again to exit at once"
            );
        } else {
            tracing::error!("shutting down: the actor system failed and could not be restarted");
        }
        shutdown::exit_on_next_signal();
        self.stop().await;
        requested
    }

    /// Rejects new requests, finishes those in flight, then drains writers and deliveries. Every step has a timeout.
    pub async fn stop(self) {
        shutdown::leave(self.draining, self.serving, &self.api).await;
    }
}
