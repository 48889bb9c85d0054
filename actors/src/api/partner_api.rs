//! The one door: typed calls in, views out. It hides actor handles, messages and timeouts.
//!
//! Methods on a creditor's data take an [`AuthenticatedTenant`](crate::AuthenticatedTenant), which only `auth` constructs; so
//! no caller can name a creditor that it has not proven to be.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::Instrument as _;

use crate::app;
use crate::app::{AppContext, StartError};
use crate::contract::{ApiError, ApiResult};
use crate::infra::{Clock, Settings, trace};

/// The partner platform.
#[derive(Debug, Clone)]
pub struct PartnerApi(pub(super) Arc<AppContext>);

impl PartnerApi {
    /// Brings the database to the newest schema.
    ///
    /// # Errors
    /// [`StartError`] when the database cannot be reached or a step fails.
    pub async fn migrate(database_url: &secrecy::SecretString) -> Result<(), StartError> {
        app::migrate(database_url).await
    }

    /// Opens and migrates the database, registers this process as a node, and starts the actors.
    ///
    /// # Errors
    /// [`StartError`]; nothing keeps running then.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        Self::start_at(settings, Clock::system()).await
    }

    /// As [`PartnerApi::start`], with the time of `clock`.
    ///
    /// # Errors
    /// [`StartError`]; nothing keeps running then.
    pub async fn start_at(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        AppContext::start(settings, clock).await.map(Self)
    }

    /// Takes no more work, lets Writers and sends finish, and stops. Each step waits at most for `timeout`; what is left is
    /// given back and goes on after the next start.
    pub async fn drain(&self, timeout: Duration) {
        self.0.drain(timeout).await;
    }

    /// Ends when the actors can no longer be kept alive: the process should exit then.
    pub async fn failed(&self) {
        self.0.failed().await;
    }

    /// Milliseconds since the Unix epoch, as the platform sees them.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.0.modules.env.clock.now_ms()
    }

    /// How many bcrypt verifications of keys this process has done.
    #[must_use]
    pub fn key_bcrypt_checks(&self) -> u64 {
        self.0.modules.keys.bcrypt.checks()
    }

    /// Works to the end with one module's handle, also if the caller goes away meanwhile: between a commit and what follows
    /// from it, nothing may be left out.
    pub(super) async fn run_to_completion<H, T, F>(
        &self,
        handle: &Arc<H>,
        work: impl FnOnce(Arc<H>) -> F,
    ) -> ApiResult<T>
    where
        T: Send + 'static,
        F: Future<Output = ApiResult<T>> + Send + 'static,
    {
        self.refuse_while_draining()?;
        let work = work(Arc::clone(handle)).in_current_span();
        let trace = trace::current().unwrap_or_else(trace::fresh);
        let done = tokio::spawn(trace::within(trace, work)).await;
        done.unwrap_or(Err(ApiError::Internal))
    }

    pub(super) fn refuse_while_draining(&self) -> ApiResult<()> {
        if self.0.draining.load(Ordering::SeqCst) {
            return Err(ApiError::ShuttingDown);
        }
        Ok(())
    }
}

#[cfg(feature = "fault-injection")]
impl PartnerApi {
    /// Makes the actor panic at its next message. False where it is not running.
    #[must_use]
    pub fn inject_panic(&self, kind: crate::app::ActorKind) -> bool {
        self.0.inject_panic(kind)
    }

    /// Cuts this process off from the control feed, as a failing connection would, or mends it.
    pub fn cut_control_feed(&self, cut: bool) {
        self.0.cut_control_feed(cut);
    }
}
