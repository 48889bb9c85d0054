//! The creditor's own hands on its keys: only from a signed-in session.

use super::partner_api::PartnerApi;
use crate::auth::AuthenticatedTenant;
use crate::contract::{ApiResult, KeyKind, KeysView, RevealedKey};
use crate::domain::allowed_networks::AllowedNetworks;
use crate::keys;
use crate::keys::Initiator;

impl PartnerApi {
    /// The creditor's live keys, and when they were used last.
    ///
    /// # Errors
    /// [`super::ApiError::DashboardSessionRequired`] for any other caller.
    pub async fn keys(&self, tenant: &AuthenticatedTenant) -> ApiResult<KeysView> {
        tenant.require_session()?;
        keys::list_keys(&self.0.modules.keys, tenant.creditor()).await
    }

    /// Mints a new full-access key; the old one works for `overlap_hours` more.
    ///
    /// # Errors
    /// [`super::ApiError::GatesPending`] before the first key was issued,
    /// [`super::ApiError::RotationInProgress`] while another key is retiring,
    /// [`super::ApiError::SupportOnlyMints`] after support has revoked the keys.
    pub async fn rotate_key(
        &self,
        tenant: &AuthenticatedTenant,
        overlap_hours: u32,
    ) -> ApiResult<RevealedKey> {
        tenant.require_session()?;
        let tenant = tenant.clone();
        self.run_to_completion(&self.0.modules.keys, move |keys| async move {
            let by = Initiator::Owner {
                actor: tenant.actor(),
            };
            keys::rotate(&keys, tenant.creditor(), by, overlap_hours).await
        })
        .await
    }

    /// Ends the full-access key, a retiring one too: the next request with either is refused.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`] when there is none.
    pub async fn revoke_key(&self, tenant: &AuthenticatedTenant) -> ApiResult<()> {
        tenant.require_session()?;
        let tenant = tenant.clone();
        self.run_to_completion(&self.0.modules.keys, move |keys| async move {
            let by = Initiator::Owner {
                actor: tenant.actor(),
            };
            keys::revoke(&keys, tenant.creditor(), by).await
        })
        .await
    }

    /// Mints the read-only key; the one before it ends at once.
    ///
    /// # Errors
    /// As [`PartnerApi::rotate_key`], without a rotation in progress.
    pub async fn rotate_read_key(&self, tenant: &AuthenticatedTenant) -> ApiResult<RevealedKey> {
        tenant.require_session()?;
        let tenant = tenant.clone();
        self.run_to_completion(&self.0.modules.keys, move |keys| async move {
            keys::rotate_read_key(&keys, tenant.creditor(), tenant.actor()).await
        })
        .await
    }

    /// Ends the read-only key.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`] when there is none.
    pub async fn revoke_read_key(&self, tenant: &AuthenticatedTenant) -> ApiResult<()> {
        tenant.require_session()?;
        let tenant = tenant.clone();
        self.run_to_completion(&self.0.modules.keys, move |keys| async move {
            keys::revoke_read_key(&keys, tenant.creditor(), tenant.actor()).await
        })
        .await
    }

    /// Restricts a kind of key to networks; none at all lifts the restriction.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`] when there is no live key of that kind.
    pub async fn set_allowed_networks(
        &self,
        tenant: &AuthenticatedTenant,
        kind: KeyKind,
        networks: AllowedNetworks,
    ) -> ApiResult<KeysView> {
        tenant.require_session()?;
        let caller = tenant.clone();
        self.run_to_completion(&self.0.modules.keys, move |keys| async move {
            let (creditor, actor) = (caller.creditor(), caller.actor());
            keys::set_ip_allowlist(&keys, creditor, actor, kind, &networks).await
        })
        .await?;
        self.keys(tenant).await
    }
}
