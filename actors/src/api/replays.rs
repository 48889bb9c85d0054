//! The methods that replay missing webhook deliveries, for their owner and for support. The API calls a replay a
//! recovery.

use entities::ids::{CreditorId, RecoveryId};

use super::{CreditorApi, SupportApi};
use crate::contract::{ApiResult, IdempotencyKey, RecoveryPeriod, RecoveryView, Replayable};
use crate::creditor::IdempotentOperation;
use crate::delivery::replay;

impl CreditorApi {
    /// Starts a replay of the deliveries that did not arrive for the events of `span`. Idempotent under `key`.
    ///
    /// # Errors
    /// [`crate::ApiError::Validation`] if the span is invalid or too many replays are running.
    pub async fn recover_deliveries(
        &self,
        span: RecoveryPeriod,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<RecoveryView>> {
        let once = IdempotentOperation::new(key, "webhook-deliveries/recover", &span);
        self.change(&self.modules().delivery, move |delivery, by| async move {
            replay::start(&delivery, by.creditor(), by.actor(), span, &once).await
        })
        .await
    }

    /// Returns the progress of a replay.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if it does not exist or belongs to another creditor.
    pub async fn webhook_recovery(&self, id: RecoveryId) -> ApiResult<RecoveryView> {
        replay::show(self.env(), Some(self.tenant.creditor()), id).await
    }
}

impl SupportApi {
    /// Starts a replay for any creditor. Without an idempotency key, every call starts one.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if the creditor does not exist, and the errors of
    /// [`CreditorApi::recover_deliveries`].
    pub async fn recover_deliveries(
        &self,
        creditor: CreditorId,
        span: RecoveryPeriod,
    ) -> ApiResult<RecoveryView> {
        let actor = self.actor.clone();
        let once = IdempotentOperation::new(None, "webhook-deliveries/recover", &span);
        self.run_to_completion(&self.modules().delivery, move |delivery| async move {
            replay::start(&delivery, creditor, actor.name(), span, &once).await
        })
        .await
        .map(|started| started.value)
    }

    /// Returns the progress of any creditor's replay.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`].
    pub async fn recovery(&self, id: RecoveryId) -> ApiResult<RecoveryView> {
        replay::show(self.env(), None, id).await
    }
}
