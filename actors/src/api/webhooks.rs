//! The methods with which a creditor manages its webhook endpoints and reads its deliveries.
//!
//! All methods that show a secret or read or change an endpoint need a dashboard session. They return
//! [`crate::ApiError::DashboardSessionRequired`] without one.

use entities::ids::{DeliveryId, EndpointId};

use super::{CreditorApi, PartnerApi};
use crate::contract::{
    ApiResult, DeliveryDetail, DeliveryFilter, DeliveryView, EndpointChange, EndpointSelector,
    EndpointView, IdempotencyKey, OffsetPage, Page, Replayable, TestEventView, WebhookCatalogue,
    WebhookSecretView,
};
use crate::creditor::IdempotentOperation;
use crate::delivery::delivery_log;
use crate::endpoints;
use crate::outbox::catalogue;

impl PartnerApi {
    /// Returns the catalogue of event types.
    #[must_use]
    pub fn webhook_events(&self) -> WebhookCatalogue {
        catalogue()
    }
}

impl CreditorApi {
    /// Returns a page of deliveries, newest first.
    pub async fn webhook_deliveries(
        &self,
        filter: DeliveryFilter,
        slice: OffsetPage,
    ) -> ApiResult<Page<DeliveryView>> {
        self.read_list(move |this| async move {
            delivery_log::list(this.env(), Some(this.tenant.creditor()), &filter, slice).await
        })
        .await
    }

    /// Returns one delivery with its attempts.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if it does not exist or belongs to another creditor.
    pub async fn webhook_delivery(&self, id: DeliveryId) -> ApiResult<DeliveryDetail> {
        delivery_log::detail(self.env(), self.tenant.creditor(), id).await
    }

    /// Makes a delivery due again under its original `webhook-id`. Idempotent under `key`.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if it does not exist or belongs to another creditor,
    /// [`crate::ApiError::EndpointDisabled`], [`crate::ApiError::PayloadErased`],
    /// [`crate::ApiError::IdempotencyKeyReused`].
    pub async fn redeliver(
        &self,
        id: DeliveryId,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<DeliveryView>> {
        let once = IdempotentOperation::new(key, "webhook-deliveries/redeliver", &id);
        self.change(&self.modules().delivery, move |delivery, by| async move {
            delivery_log::redeliver(&delivery, by.creditor(), by.actor(), id, &once).await
        })
        .await
    }

    /// Sends a test event and waits for the receiver's response. `None` sends it to the primary endpoint. The
    /// endpoint's event filter does not apply. Idempotent under `key`.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if there is no such endpoint, [`crate::ApiError::EndpointDisabled`],
    /// [`crate::ApiError::IdempotencyKeyReused`].
    pub async fn send_test_webhook(
        &self,
        endpoint: Option<EndpointId>,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<TestEventView>> {
        let once = IdempotentOperation::new(key, "webhook-deliveries/test", &endpoint);
        self.change(&self.modules().delivery, move |delivery, by| async move {
            crate::delivery::send_test(&delivery, by.creditor(), by.actor(), endpoint, &once).await
        })
        .await
    }

    /// Returns the newest signing secret of an endpoint.
    ///
    /// # Errors
    /// [`crate::ApiError::DashboardSessionRequired`], [`crate::ApiError::NotFound`] if there is no such endpoint.
    pub async fn webhook_secret(&self, which: EndpointSelector) -> ApiResult<WebhookSecretView> {
        self.tenant.require_session()?;
        endpoints::secret(&self.modules().creditors, self.tenant.creditor(), which).await
    }

    /// Adds a signing secret to an endpoint. The older secrets keep signing for `overlap_hours`.
    ///
    /// # Errors
    /// [`crate::ApiError::RotationInProgress`] if the endpoint already has the maximum number of secrets.
    pub async fn rotate_webhook_secret(
        &self,
        which: EndpointSelector,
        overlap_hours: u32,
    ) -> ApiResult<WebhookSecretView> {
        self.tenant.require_session()?;
        self.change(&self.modules().creditors, move |creditors, by| async move {
            endpoints::rotate_secret(&creditors, by.creditor(), by.actor(), which, overlap_hours)
                .await
        })
        .await
    }

    /// Returns every endpoint of the creditor, the primary endpoint first.
    ///
    /// # Errors
    /// [`crate::ApiError::DashboardSessionRequired`].
    pub async fn webhook_endpoints(&self) -> ApiResult<Vec<EndpointView>> {
        self.tenant.require_session()?;
        endpoints::list(&self.modules().creditors, self.tenant.creditor()).await
    }

    /// Returns one endpoint.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if it does not exist or belongs to another creditor.
    pub async fn webhook_endpoint(&self, id: EndpointId) -> ApiResult<EndpointView> {
        self.tenant.require_session()?;
        endpoints::show(&self.modules().creditors, self.tenant.creditor(), id).await
    }

    /// Creates an additional endpoint. The change must have a URL. Idempotent under `key`.
    ///
    /// # Errors
    /// [`crate::ApiError::Validation`], [`crate::ApiError::UnsafeWebhookUrl`],
    /// [`crate::ApiError::IdempotencyKeyReused`].
    pub async fn create_webhook_endpoint(
        &self,
        change: EndpointChange,
        key: Option<IdempotencyKey>,
    ) -> ApiResult<Replayable<EndpointView>> {
        self.tenant.require_session()?;
        let once = IdempotentOperation::new(key, "webhook-endpoints", &change);
        self.change(&self.modules().creditors, move |creditors, by| async move {
            endpoints::create(&creditors, by.creditor(), by.actor(), change, &once).await
        })
        .await
    }

    /// Changes an endpoint.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`], [`crate::ApiError::Validation`], [`crate::ApiError::UnsafeWebhookUrl`].
    pub async fn update_webhook_endpoint(
        &self,
        id: EndpointId,
        change: EndpointChange,
    ) -> ApiResult<EndpointView> {
        self.tenant.require_session()?;
        self.change(&self.modules().creditors, move |creditors, by| async move {
            endpoints::update(&creditors, by.creditor(), by.actor(), id, change).await
        })
        .await
    }

    /// Removes an endpoint. Its deliveries stay readable.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if it does not exist or belongs to another creditor.
    pub async fn remove_webhook_endpoint(&self, id: EndpointId) -> ApiResult<()> {
        self.tenant.require_session()?;
        self.change(&self.modules().creditors, move |creditors, by| async move {
            endpoints::remove(&creditors, by.creditor(), by.actor(), id).await
        })
        .await
    }
}
