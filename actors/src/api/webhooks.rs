//! Webhooks as their owner sees them.

use entities::ids::DeliveryId;
use uuid::Uuid;

use super::request::{DeliveryFilter, Slice};
use super::view::{
    DeliveryDetail, DeliveryView, Page, TestEventView, WebhookCatalogue, WebhookSecretView,
};
use super::{ApiResult, AuthenticatedTenant, PartnerApi};
use crate::delivery::{catalogue, deliveries, endpoint_settings as endpoints};

impl PartnerApi {
    /// What can be subscribed to.
    #[must_use]
    pub fn webhook_events(&self) -> WebhookCatalogue {
        catalogue()
    }

    /// A page of deliveries, newest first.
    ///
    /// # Errors
    /// [`super::ApiError::Overloaded`] when the database does not answer.
    pub async fn webhook_deliveries(
        &self,
        tenant: &AuthenticatedTenant,
        filter: DeliveryFilter,
        slice: Slice,
    ) -> ApiResult<Page<DeliveryView>> {
        deliveries::list(self.house(), Some(tenant.creditor()), &filter, slice).await
    }

    /// One delivery with its attempts.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`], for another creditor's as well.
    pub async fn webhook_delivery(
        &self,
        tenant: &AuthenticatedTenant,
        id: Uuid,
    ) -> ApiResult<DeliveryDetail> {
        deliveries::detail(self.house(), tenant.creditor(), DeliveryId(id)).await
    }

    /// Sends a delivery again, under its old `webhook-id`.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`], for another creditor's as well.
    pub async fn redeliver(
        &self,
        tenant: &AuthenticatedTenant,
        id: Uuid,
    ) -> ApiResult<DeliveryView> {
        self.refuse_while_draining()?;
        deliveries::redeliver(&self.0.house, tenant.creditor(), DeliveryId(id)).await
    }

    /// Sends a test event to the creditor's webhook, past its filter, and waits a moment for the
    /// receiver's answer.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`] without a webhook URL.
    pub async fn send_test_webhook(
        &self,
        tenant: &AuthenticatedTenant,
    ) -> ApiResult<TestEventView> {
        self.refuse_while_draining()?;
        endpoints::send_test(self.house(), tenant.creditor(), tenant.actor()).await
    }

    /// The signing secret, for a signed-in person.
    ///
    /// # Errors
    /// [`super::ApiError::DashboardSessionRequired`], [`super::ApiError::NotFound`] without a webhook URL.
    pub async fn webhook_secret(
        &self,
        tenant: &AuthenticatedTenant,
    ) -> ApiResult<WebhookSecretView> {
        tenant.require_session()?;
        endpoints::secret(self.house(), tenant.creditor()).await
    }
}
