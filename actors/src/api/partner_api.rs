//! The handle of the running platform, with its start, its drain and what every method of the API needs.
//!
//! [`super::CreditorApi`] and [`super::SupportApi`] have the methods that need an authenticated caller.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use entities::noting_commits;
use tracing::Instrument as _;

use crate::app;
use crate::app::{AppContext, Modules, StartError};
use crate::contract::{ApiError, ApiResult};
use crate::infra::{Clock, Env, Mode, Settings, trace};

/// The partner platform. Clones share the same platform.
///
/// Every method that reads or writes the database returns [`ApiError::Overloaded`] if the database is temporarily
/// unavailable, and [`ApiError::Internal`] if a statement fails for another reason. Methods that change something
/// return [`ApiError::ShuttingDown`] while the platform drains. The `# Errors` sections list only the other errors.
#[derive(Debug, Clone)]
pub struct PartnerApi(pub(super) Arc<AppContext>);

impl PartnerApi {
    /// Migrates the database to the newest schema.
    ///
    /// # Errors
    /// [`StartError`] if the database cannot be reached or a migration fails.
    pub async fn migrate(database_url: &secrecy::SecretString) -> Result<(), StartError> {
        app::migrate(database_url).await
    }

    /// Opens and migrates the database, registers this process as a node, and starts the actors.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        Self::start_at(settings, Clock::system()).await
    }

    /// Like [`PartnerApi::start`], with the time of `clock`.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start_at(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        AppContext::start(settings, clock).await.map(Self)
    }

    /// Begins no further send of a webhook. Requests are still answered, and sends in flight go on.
    pub fn stop_sending(&self) {
        self.0.stop_sending();
    }

    /// Refuses new work, waits for Writers and sends to finish, and stops, within about `timeout`. Deliveries that are
    /// not finished by then continue after the next start.
    pub async fn drain(&self, timeout: Duration) {
        self.0.drain(timeout).await;
    }

    /// Completes when the root supervisor has failed. The process should exit then.
    pub async fn failed(&self) {
        self.0.failed().await;
    }

    /// The platform's time, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.env().clock.now_ms()
    }

    /// The number of bcrypt verifications of API keys since the start of this process.
    #[must_use]
    pub fn key_bcrypt_checks(&self) -> u64 {
        self.modules().keys.bcrypt.checks()
    }

    /// Runs `work` to completion with one module's handle, even if the caller drops this future. A cancellation
    /// between a commit and its side effects would lose the side effects.
    ///
    /// An error after a commit is [`ApiError::OutcomeUnknown`], because the change stands.
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
        let work = noting_commits(work(Arc::clone(handle))).in_current_span();
        let trace = trace::current().unwrap_or_else(trace::new_trace);
        let result = tokio::spawn(trace::with_trace(trace, work)).await;
        match result {
            Ok((Err(error), true)) => Err(error.after_a_change()),
            Ok((value, _)) => value,
            Err(_) => Err(ApiError::Internal),
        }
    }

    /// Whether this is a sandbox or production.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.env().settings.mode
    }

    pub(super) fn modules(&self) -> &Modules {
        &self.0.modules
    }

    pub(super) fn env(&self) -> &Env {
        &self.modules().env
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
    /// The faults that a test injects below every statement of this process.
    #[must_use]
    pub fn database_faults(&self) -> &entities::database::faults::Faults {
        self.env().db.faults()
    }

    /// Makes the actor panic. Returns false if it is not running.
    #[must_use]
    pub fn inject_panic(&self, kind: crate::app::ActorKind) -> bool {
        self.0.inject_panic(kind)
    }

    /// Makes every read of the control feed fail while `cut` is true.
    pub fn cut_control_feed(&self, cut: bool) {
        self.0.cut_control_feed(cut);
    }
}
