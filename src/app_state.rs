//! What every handler can reach: the platform, and the few settings that concern HTTP.
//!
//! Never holds a secret and never holds state of the business.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actors::{Mode, PartnerApi};
use axum::extract::FromRef;
use ipnet::IpNet;

/// Shared by all requests. A request clones it many times: that is one reference count.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Known>);

/// What is shared.
pub(crate) struct Known {
    pub(crate) api: PartnerApi,
    pub(crate) mode: Mode,
    /// Proxies that may say for whom they speak.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) draining: Draining,
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

/// Whether the process is on its way out; set once, never unset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on new requests are turned away.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether new requests are turned away.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl FromRef<AppState> for PartnerApi {
    fn from_ref(state: &AppState) -> Self {
        state.api.clone()
    }
}
