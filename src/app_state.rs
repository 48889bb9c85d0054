//! The shared state of all handlers: the platform handle and the few settings that concern HTTP.
//!
//! Never holds a secret or business state.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actors::{Mode, PartnerApi};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::http_metrics::HttpMetrics;

/// The state that all requests share. Requests clone it often; a clone costs one reference count.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Known>);

/// The contents of [`AppState`].
pub(crate) struct Known {
    pub(crate) api: PartnerApi,
    pub(crate) mode: Mode,
    /// Proxies whose `X-Forwarded-For` header is trusted.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) draining: Draining,
    pub(crate) metrics: Arc<HttpMetrics>,
}

impl From<Known> for AppState {
    fn from(known: Known) -> Self {
        Self(Arc::new(known))
    }
}

impl std::ops::Deref for AppState {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.0
    }
}

/// Whether the process is shutting down. Set once, never reset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draining(Arc<AtomicBool>);

impl Draining {
    /// Makes the server reject new requests from now on.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the server rejects new requests.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A handler takes the platform as a plain `api: PartnerApi`.
impl FromRequestParts<AppState> for PartnerApi {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(state.api.clone())
    }
}
