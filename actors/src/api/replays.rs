//! Recoveries of webhook deliveries, for their owner and for support.

use entities::ids::{CreditorId, RecoveryId};
use uuid::Uuid;

use super::partner_api::PartnerApi;
use crate::auth::{AuthenticatedTenant, SupportActor};
use crate::contract::{ApiResult, IdempotencyKey, RecoverySpan, RecoveryView, Replayable};
use crate::creditor::IdempotentOperation;
use crate::delivery::replay;

impl PartnerApi {
    /// Makes due again what did not arrive of a time's events; once under one `key`.
    ///
    /// # Errors
    /// [`super::ApiError::Validation`] while as many as may run are running.
    pub async fn recover_deliveries(
        &self,
        tenant: &AuthenticatedTenant,
        span: RecoverySpan,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<RecoveryView>> {
        let tenant = tenant.clone();
        let once = IdempotentOperation::new(key, "webhook-deliveries/recover", &span);
        self.run_to_completion(&self.0.modules.delivery, move |delivery| async move {
            replay::start(&delivery, tenant.creditor(), tenant.actor(), span, &once).await
        })
        .await
    }

    /// How far a recovery is.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`], for another creditor's as well.
    pub async fn webhook_recovery(
        &self,
        tenant: &AuthenticatedTenant,
        id: Uuid,
    ) -> ApiResult<RecoveryView> {
        replay::show(&self.0.modules.env, Some(tenant.creditor()), RecoveryId(id)).await
    }

    /// The same for any creditor.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`] without such a creditor, and as for its owner.
    pub async fn support_recover_deliveries(
        &self,
        actor: &SupportActor,
        creditor: Uuid,
        span: RecoverySpan,
    ) -> ApiResult<RecoveryView> {
        let actor = actor.clone();
        let once = IdempotentOperation::new(None, "webhook-deliveries/recover", &span);
        self.run_to_completion(&self.0.modules.delivery, move |delivery| async move {
            replay::start(&delivery, CreditorId(creditor), actor.name(), span, &once).await
        })
        .await
        .map(|begun| begun.value)
    }

    /// How far anybody's recovery is.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`].
    pub async fn support_recovery(
        &self,
        _actor: &SupportActor,
        id: Uuid,
    ) -> ApiResult<RecoveryView> {
        replay::show(&self.0.modules.env, None, RecoveryId(id)).await
    }
}
