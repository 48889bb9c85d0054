//! From settings to a server that accepts connections.
//!
//! Owns the order of starting: actors first (they migrate the database), then the listener. Never prints.

use std::net::SocketAddr;

use actors::clock::Clock;
use actors::{PartnerApi, StartError};
use thiserror::Error;
use tokio::net::TcpListener;

use crate::accept_loop::Serving;
use crate::app_state::{AppState, Draining, Known};
use crate::config::Config;
use crate::shutdown;
use crate::{openapi, router};

/// Why the server did not start.
#[derive(Debug, Error)]
pub enum StartupError {
    /// The actors or the database.
    #[error(transparent)]
    Actors(#[from] StartError),
    /// The address is taken or does not exist.
    #[error(
        "PARTNER_API_LISTEN: cannot listen on {address}: {cause}; choose another address, or port 0 for a free one"
    )]
    Listen {
        /// What was asked for.
        address: String,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// A server that accepts connections.
#[derive(Debug)]
pub struct RunningServer {
    /// Where it listens.
    pub addr: SocketAddr,
    /// `http://address:port`.
    pub base_url: String,
    api: PartnerApi,
    draining: Draining,
    serving: Serving,
}

/// Starts everything; when it returns, connections are accepted.
///
/// # Errors
/// [`StartupError`] when the database, an actor or the address cannot be had.
pub async fn start(config: Config) -> Result<RunningServer, StartupError> {
    start_at(config, Clock::system()).await
}

/// As [`start`], with the time of `clock`.
///
/// # Errors
/// As [`start`].
pub async fn start_at(config: Config, clock: Clock) -> Result<RunningServer, StartupError> {
    let mode = config.settings.mode;
    // Rendered once, before the first request could wait for it.
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
    });
    let serving = Serving::start(listener, router::service(&state));
    tracing::info!(%addr, ?mode, "accepting connections");
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
    /// The platform behind the server, for whoever looks inside: tests, mostly.
    #[must_use]
    pub fn api(&self) -> &PartnerApi {
        &self.api
    }

    /// Runs until SIGTERM or SIGINT, then leaves as [`Self::stop`] does; a second signal ends the process at once. False if
    /// it left because the actors could no longer be kept alive: then whoever watches over processes should start another.
    pub async fn wait(self) -> bool {
        let asked = tokio::select! {
            () = shutdown::signal() => true,
            () = self.api.failed() => false,
        };
        if asked {
            tracing::info!("leaving: new requests are turned away; signal again to exit at once");
        } else {
            tracing::error!("leaving: the actors cannot be kept alive");
        }
        shutdown::exit_on_next_signal();
        self.stop().await;
        asked
    }

    /// Turns new requests away, finishes those in flight, then lets writers and deliveries finish. Bounded.
    pub async fn stop(self) {
        shutdown::leave(self.draining, self.serving, &self.api).await;
    }
}
