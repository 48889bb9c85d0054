//! The methods that replay missing webhook deliveries, for their owner and for support. The API calls a replay a
//! recovery.

use entities::ids::{CreditorId, RecoveryId};

use super::partner_api::PartnerApi;
use crate::auth::{AuthenticatedTenant, SupportActor};
use crate::contract::{ApiResult, IdempotencyKey, RecoveryPeriod, RecoveryView, Replayable};
use crate::creditor::IdempotentOperation;
use crate::delivery::replay;

impl PartnerApi {
    /// Starts a replay of the deliveries that did not arrive for the events of `span`. Idempotent under `key`.
    ///
    /// # Errors
    /// [`crate::ApiError::Validation`] if the span is invalid or too many replays are running.
    pub async fn recover_deliveries(
        &self,
        tenant: &AuthenticatedTenant,
        span: RecoveryPeriod,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<RecoveryView>> {
        let tenant = tenant.clone();
        let once = IdempotentOperation::new(key, "webhook-deliveries/recover", &span);
        self.run_to_completion(&self.0.modules.delivery, move |delivery| async move {
            replay::start(&delivery, tenant.creditor(), tenant.actor(), span, &once).await
        })
        .await
    }

    /// Returns the progress of a replay.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if it does not exist or belongs to another creditor.
    pub async fn webhook_recovery(
        &self,
        tenant: &AuthenticatedTenant,
        id: RecoveryId,
    ) -> ApiResult<RecoveryView> {
        replay::show(&self.0.modules.env, Some(tenant.creditor()), id).await
    }

    /// Starts a replay for any creditor. Without an idempotency key, every call starts one.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if the creditor does not exist, and the errors of
    /// [`PartnerApi::recover_deliveries`].
    pub async fn support_recover_deliveries(
        &self,
        actor: &SupportActor,
        creditor: CreditorId,
        span: RecoveryPeriod,
    ) -> ApiResult<RecoveryView> {
        let actor = actor.clone();
        let once = IdempotentOperation::new(None, "webhook-deliveries/recover", &span);
        self.run_to_completion(&self.0.modules.delivery, move |delivery| async move {
            replay::start(&delivery, creditor, actor.name(), span, &once).await
        })
        .await
        .map(|started| started.value)
    }

    /// Returns the progress of any creditor's replay.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`].
    pub async fn support_recovery(
        &self,
        _actor: &SupportActor,
        id: RecoveryId,
    ) -> ApiResult<RecoveryView> {
        replay::show(&self.0.modules.env, None, id).await
    }
}
