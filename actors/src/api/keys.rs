//! The methods with which a creditor manages its own API keys. All of them need a dashboard session and return
//! [`crate::ApiError::DashboardSessionRequired`] without one.

use super::CreditorApi;
use crate::contract::{ApiResult, KeyKind, KeysView, RevealedKey};
use crate::domain::allowed_networks::AllowedNetworks;
use crate::keys;
use crate::keys::Initiator;

impl CreditorApi {
    /// Returns the creditor's live keys and when each was last used.
    ///
    /// # Errors
    /// [`crate::ApiError::DashboardSessionRequired`] if the caller is not a dashboard session.
    pub async fn keys(&self) -> ApiResult<KeysView> {
        self.tenant.require_session()?;
        keys::list_keys(&self.modules().keys, self.tenant.creditor()).await
    }

    /// Creates a new full-access key. The old key keeps working for `overlap_hours`.
    ///
    /// # Errors
    /// [`crate::ApiError::GatesPending`] before the first key is issued, [`crate::ApiError::RotationInProgress`] while
    /// another key is retiring, [`crate::ApiError::SupportRequired`] after support has revoked the keys.
    pub async fn rotate_key(&self, overlap_hours: u32) -> ApiResult<RevealedKey> {
        self.tenant.require_session()?;
        self.change(&self.modules().keys, move |keys, by| async move {
            let initiator = Initiator::Owner { actor: by.actor() };
            keys::rotate(&keys, by.creditor(), initiator, overlap_hours).await
        })
        .await
    }

    /// Revokes the full-access key and a retiring one. The next request with either is refused.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if there is no full-access key.
    pub async fn revoke_key(&self) -> ApiResult<()> {
        self.tenant.require_session()?;
        self.change(&self.modules().keys, move |keys, by| async move {
            let initiator = Initiator::Owner { actor: by.actor() };
            keys::revoke(&keys, by.creditor(), initiator).await
        })
        .await
    }

    /// Creates a read-only key. The previous read-only key stops working at once.
    ///
    /// # Errors
    /// [`crate::ApiError::GatesPending`] before the first full-access key is issued,
    /// [`crate::ApiError::SupportRequired`] after support has revoked the keys.
    pub async fn rotate_read_key(&self) -> ApiResult<RevealedKey> {
        self.tenant.require_session()?;
        self.change(&self.modules().keys, move |keys, by| async move {
            keys::rotate_read_key(&keys, by.creditor(), by.actor()).await
        })
        .await
    }

    /// Revokes the read-only key.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if there is no read-only key.
    pub async fn revoke_read_key(&self) -> ApiResult<()> {
        self.tenant.require_session()?;
        self.change(&self.modules().keys, move |keys, by| async move {
            keys::revoke_read_key(&keys, by.creditor(), by.actor()).await
        })
        .await
    }

    /// Restricts the keys of one kind to `networks`. An empty list removes the restriction.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if there is no live key of that kind.
    pub async fn set_allowed_networks(
        &self,
        kind: KeyKind,
        networks: AllowedNetworks,
    ) -> ApiResult<KeysView> {
        self.tenant.require_session()?;
        self.change(&self.modules().keys, move |keys, by| async move {
            keys::set_ip_allowlist(&keys, by.creditor(), by.actor(), kind, &networks).await?;
            keys::list_keys(&keys, by.creditor()).await
        })
        .await
    }
}
