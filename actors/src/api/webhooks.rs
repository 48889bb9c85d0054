//! Webhooks as their owner sees them.

use entities::ids::{DeliveryId, EndpointId};
use uuid::Uuid;

use super::request::{DeliveryFilter, EndpointChange, Slice, WhichEndpoint};
use super::view::{
    DeliveryDetail, DeliveryView, EndpointView, Page, TestEventView, WebhookCatalogue,
    WebhookSecretView,
};
use super::{ApiResult, AuthenticatedTenant, PartnerApi};
use crate::delivery::{catalogue, deliveries, settings as endpoints};

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

    /// The newest signing secret of an endpoint, for a signed-in person.
    ///
    /// # Errors
    /// [`super::ApiError::DashboardSessionRequired`], [`super::ApiError::NotFound`] without one.
    pub async fn webhook_secret(
        &self,
        tenant: &AuthenticatedTenant,
        which: WhichEndpoint,
    ) -> ApiResult<WebhookSecretView> {
        tenant.require_session()?;
        endpoints::secret(self.house(), tenant.creditor(), which).await
    }

    /// Another signing secret; the older ones sign beside it for a while.
    ///
    /// # Errors
    /// [`super::ApiError::RotationInProgress`] while too many sign already.
    pub async fn rotate_webhook_secret(
        &self,
        tenant: &AuthenticatedTenant,
        which: WhichEndpoint,
        overlap_hours: u32,
    ) -> ApiResult<WebhookSecretView> {
        tenant.require_session()?;
        let tenant = tenant.clone();
        self.to_its_end(move |house| async move {
            let (creditor, actor) = (tenant.creditor(), tenant.actor());
            endpoints::rotate_secret(&house, creditor, actor, which, overlap_hours).await
        })
        .await
    }

    /// Every endpoint of the creditor, the one that the settings set first.
    ///
    /// # Errors
    /// [`super::ApiError::DashboardSessionRequired`].
    pub async fn webhook_endpoints(
        &self,
        tenant: &AuthenticatedTenant,
    ) -> ApiResult<Vec<EndpointView>> {
        tenant.require_session()?;
        endpoints::list(self.house(), tenant.creditor()).await
    }

    /// One endpoint.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`], for another creditor's as well.
    pub async fn webhook_endpoint(
        &self,
        tenant: &AuthenticatedTenant,
        id: Uuid,
    ) -> ApiResult<EndpointView> {
        tenant.require_session()?;
        endpoints::show(self.house(), tenant.creditor(), EndpointId(id)).await
    }

    /// A further endpoint; the change must have a URL.
    ///
    /// # Errors
    /// [`super::ApiError::Validation`], [`super::ApiError::UnsafeWebhookUrl`].
    pub async fn create_webhook_endpoint(
        &self,
        tenant: &AuthenticatedTenant,
        change: EndpointChange,
    ) -> ApiResult<EndpointView> {
        tenant.require_session()?;
        let tenant = tenant.clone();
        self.to_its_end(move |house| async move {
            endpoints::create(&house, tenant.creditor(), tenant.actor(), change).await
        })
        .await
    }

    /// Changes an endpoint.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`], and those of its creation.
    pub async fn update_webhook_endpoint(
        &self,
        tenant: &AuthenticatedTenant,
        id: Uuid,
        change: EndpointChange,
    ) -> ApiResult<EndpointView> {
        tenant.require_session()?;
        let tenant = tenant.clone();
        self.to_its_end(move |house| async move {
            let (creditor, actor) = (tenant.creditor(), tenant.actor());
            endpoints::update(&house, creditor, actor, EndpointId(id), change).await
        })
        .await
    }

    /// Removes an endpoint; its log stays.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`], for another creditor's as well.
    pub async fn remove_webhook_endpoint(
        &self,
        tenant: &AuthenticatedTenant,
        id: Uuid,
    ) -> ApiResult<()> {
        tenant.require_session()?;
        let tenant = tenant.clone();
        self.to_its_end(move |house| async move {
            let (creditor, actor) = (tenant.creditor(), tenant.actor());
            endpoints::remove(&house, creditor, actor, EndpointId(id)).await
        })
        .await
    }
}
