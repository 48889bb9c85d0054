//! The platform as one authenticated caller may use it.
//!
//! Methods on a creditor's data exist only on a [`CreditorApi`]. It is built from an [`AuthenticatedTenant`], which
//! only `auth` constructs, so a caller can never act for a creditor that it has not authenticated as.

use std::ops::Deref;
use std::sync::Arc;

use tracing::Instrument as _;

use super::partner_api::PartnerApi;
use crate::auth::{AuthMethod, AuthenticatedTenant, SupportActor};
use crate::contract::{ApiError, ApiResult};

/// The platform for a creditor.
#[derive(Debug, Clone)]
pub struct CreditorApi {
    api: PartnerApi,
    pub(super) tenant: AuthenticatedTenant,
}

/// The platform for support.
#[derive(Debug, Clone)]
pub struct SupportApi {
    api: PartnerApi,
    pub(super) actor: SupportActor,
}

impl PartnerApi {
    /// Returns the platform for this creditor.
    #[must_use]
    pub fn for_creditor(&self, tenant: AuthenticatedTenant) -> CreditorApi {
        let api = self.clone();
        CreditorApi { api, tenant }
    }

    /// Returns the platform for this support person or system.
    #[must_use]
    pub fn for_support(&self, actor: SupportActor) -> SupportApi {
        let api = self.clone();
        SupportApi { api, actor }
    }
}

impl CreditorApi {
    /// Whether the caller is a dashboard session, and not an API key or an onboarding token.
    #[must_use]
    pub fn is_session(&self) -> bool {
        self.tenant.method() == AuthMethod::Session
    }

    /// Reads a page when it is the creditor's turn. Every method that returns a page does so.
    ///
    /// The turn lasts until the read ends, even if the caller leaves before, because the database goes on with it.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if the creditor's other lists take too long.
    pub(super) async fn read_list<T, F>(&self, read: impl FnOnce(Self) -> F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: Future<Output = ApiResult<T>> + Send + 'static,
    {
        let creditors = &self.modules().creditors;
        let turn = creditors.list_turn(self.tenant.creditor()).await?;
        let read = read(self.clone());
        let reading = async move {
            let page = read.await;
            drop(turn);
            page
        };
        let page = tokio::spawn(reading.in_current_span()).await;
        page.map_err(|_| ApiError::Internal)?
    }

    /// Runs `work` for this caller, like [`PartnerApi::run_to_completion`].
    pub(super) async fn change<H, T, F>(
        &self,
        handle: &Arc<H>,
        work: impl FnOnce(Arc<H>, AuthenticatedTenant) -> F,
    ) -> ApiResult<T>
    where
        T: Send + 'static,
        F: Future<Output = ApiResult<T>> + Send + 'static,
    {
        let by = self.tenant.clone();
        self.run_to_completion(handle, |handle| work(handle, by))
            .await
    }
}

impl Deref for CreditorApi {
    type Target = PartnerApi;

    fn deref(&self) -> &PartnerApi {
        &self.api
    }
}

impl Deref for SupportApi {
    type Target = PartnerApi;

    fn deref(&self) -> &PartnerApi {
        &self.api
    }
}
