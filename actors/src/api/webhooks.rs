//! Webhooks as their owner sees them.

use entities::ids::{DeliveryId, EndpointId};
use uuid::Uuid;

use super::partner_api::PartnerApi;
use crate::auth::AuthenticatedTenant;
use crate::contract::{
    ApiResult, DeliveryDetail, DeliveryFilter, DeliveryView, EndpointChange, EndpointView,
    IdempotencyKey, OffsetPage, Page, Replayable, TestEventView, WebhookCatalogue,
    WebhookSecretView, WhichEndpoint,
};
use crate::creditor::IdempotentOperation;
use crate::delivery::delivery_log;
use crate::endpoints;
use crate::outbox::catalogue;

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
        slice: OffsetPage,
    ) -> ApiResult<Page<DeliveryView>> {
        delivery_log::list(&self.0.modules.env, Some(tenant.creditor()), &filter, slice).await
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
        delivery_log::detail(&self.0.modules.env, tenant.creditor(), DeliveryId(id)).await
    }

    /// Sends a delivery again, under its old `webhook-id`; once under one `key`.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`], for another creditor's as well; [`super::ApiError::IdempotencyKeyReused`].
    pub async fn redeliver(
        &self,
        tenant: &AuthenticatedTenant,
        id: Uuid,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<DeliveryView>> {
        let tenant = tenant.clone();
        let once = IdempotentOperation::new(key, "webhook-deliveries/redeliver", &id);
        self.run_to_completion(&self.0.modules.delivery, move |delivery| async move {
            let (creditor, actor) = (tenant.creditor(), tenant.actor());
            delivery_log::redeliver(&delivery, creditor, actor, DeliveryId(id), &once).await
        })
        .await
    }

    /// Sends a test event to an endpoint, or to the one that the settings set, past its filter, and waits for the
    /// receiver's answer; once under one `key`.
    ///
    /// # Errors
    /// [`super::ApiError::NotFound`] without a webhook URL, [`super::ApiError::EndpointDisabled`],
    /// [`super::ApiError::IdempotencyKeyReused`].
    pub async fn send_test_webhook(
        &self,
        tenant: &AuthenticatedTenant,
        endpoint: Option<Uuid>,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<TestEventView>> {
        let tenant = tenant.clone();
        let once = IdempotentOperation::new(key, "webhook-deliveries/test", &endpoint);
        self.run_to_completion(&self.0.modules.delivery, move |delivery| async move {
            let (creditor, actor) = (tenant.creditor(), tenant.actor());
            crate::delivery::send_test(&delivery, creditor, actor, endpoint.map(EndpointId), &once)
                .await
        })
        .await
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
        endpoints::secret(&self.0.modules.creditors, tenant.creditor(), which).await
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
        self.run_to_completion(&self.0.modules.creditors, move |creditors| async move {
            let (creditor, actor) = (tenant.creditor(), tenant.actor());
            endpoints::rotate_secret(&creditors, creditor, actor, which, overlap_hours).await
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
        endpoints::list(&self.0.modules.creditors, tenant.creditor()).await
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
        endpoints::show(&self.0.modules.creditors, tenant.creditor(), EndpointId(id)).await
    }

    /// A further endpoint; the change must have a URL. IdempotentOperation under one `key`.
    ///
    /// # Errors
    /// [`super::ApiError::Validation`], [`super::ApiError::UnsafeWebhookUrl`], [`super::ApiError::IdempotencyKeyReused`].
    pub async fn create_webhook_endpoint(
        &self,
        tenant: &AuthenticatedTenant,
        change: EndpointChange,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<EndpointView>> {
        tenant.require_session()?;
        let tenant = tenant.clone();
        let once = IdempotentOperation::new(key, "webhook-endpoints", &change);
        self.run_to_completion(&self.0.modules.creditors, move |creditors| async move {
            let (creditor, actor) = (tenant.creditor(), tenant.actor());
            endpoints::create(&creditors, creditor, actor, change, &once).await
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
        self.run_to_completion(&self.0.modules.creditors, move |creditors| async move {
            let (creditor, actor) = (tenant.creditor(), tenant.actor());
            endpoints::update(&creditors, creditor, actor, EndpointId(id), change).await
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
        self.run_to_completion(&self.0.modules.creditors, move |creditors| async move {
            let (creditor, actor) = (tenant.creditor(), tenant.actor());
            endpoints::remove(&creditors, creditor, actor, EndpointId(id)).await
        })
        .await
    }
}
