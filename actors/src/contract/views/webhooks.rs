//! The views of webhook endpoints, deliveries, the event catalogue and replays.

use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The signing secret of a webhook endpoint.
#[derive(Debug)]
pub struct WebhookSecretView {
    /// `whsec_` followed by base64.
    pub secret: SecretString,
    /// When the secret was created.
    pub created_at: String,
    /// When the previous secret stops signing.
    pub previous_expires_at: Option<String>,
}

/// A webhook endpoint, without its secrets and without the values of its custom headers.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct EndpointView {
    /// Endpoint id.
    pub id: Uuid,
    /// Whether this is the primary endpoint, which `webhook_url` in the settings configures.
    pub primary: bool,
    /// The URL that receives the events.
    pub url: String,
    /// Free text of the owner.
    pub description: Option<String>,
    /// The event types that the endpoint receives. Null means all.
    pub events: Option<Vec<String>>,
    /// Maximum number of sends per second. Null means no limit.
    pub throttle_per_second: Option<i32>,
    /// Names of the custom headers.
    pub header_names: Vec<String>,
    /// Order of deliveries: `none`, `endpoint` (all deliveries in order of `sequence`) or `placement` (deliveries of
    /// the same placement in order of `sequence`).
    pub order: &'static str,
    /// What happens to the deliveries behind one that is out of attempts, in an ordered endpoint: `pause` or `skip`.
    pub on_exhausted: &'static str,
    /// Since when every delivery has failed. Null if the last one succeeded.
    pub failing_since: Option<String>,
    /// `enabled`, `paused` (deliveries wait) or `disabled` (deliveries are not sent).
    pub state: String,
    /// Why the endpoint is not enabled.
    pub state_reason: Option<String>,
    /// The secrets that currently sign, newest first.
    pub secrets: Vec<LiveSecretView>,
    /// When the endpoint was created.
    pub created_at: String,
    /// When the endpoint was last changed.
    pub updated_at: String,
}

/// A signing secret that is in use. The secret itself is not shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WebhookLiveSecret)]
pub struct LiveSecretView {
    /// When the secret was created.
    pub created_at: String,
    /// When the secret stops signing. Null if it does not.
    pub expires_at: Option<String>,
}

/// The delivery of one event to one endpoint.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Delivery id.
    pub id: Uuid,
    /// Event type.
    pub event: String,
    /// `pending`, `delivering`, `delivered`, `failed`, `exhausted` or `cancelled`.
    pub status: String,
    /// Number of finished attempts.
    pub attempts: i32,
    /// HTTP status of the last attempt.
    pub response_status: Option<i32>,
    /// When the next attempt is due.
    pub next_attempt_at: Option<String>,
    /// When the event was delivered, or null.
    pub delivered_at: Option<String>,
    /// The `webhook-id` header that the receiver gets.
    pub webhook_id: String,
    /// Endpoint id.
    pub endpoint_id: Uuid,
    /// The creditor that owns the endpoint.
    pub creditor_id: Uuid,
    /// When the event happened.
    pub created_at: String,
}

/// One finished attempt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AttemptView {
    /// Number of the attempt, from 1.
    pub attempt: i32,
    /// When the attempt started.
    pub at: String,
    /// HTTP status of the response, or null without a response.
    pub response_status: Option<i32>,
    /// Duration in milliseconds.
    pub latency_ms: i64,
    /// Why the attempt failed, or null.
    pub error: Option<String>,
    /// The beginning of the response body.
    pub response_excerpt: Option<String>,
}

/// A delivery with its attempts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// The finished attempts, oldest first.
    pub attempt_log: Vec<AttemptView>,
}

/// An event type in the event catalogue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookEventView {
    /// Event type.
    pub name: &'static str,
    /// When the event is sent.
    pub description: &'static str,
    /// Names of the fields of `data`.
    pub fields: Vec<&'static str>,
}

/// The event catalogue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookCatalogue {
    /// The event types that an endpoint can subscribe to.
    pub events: Vec<WebhookEventView>,
    /// The possible reasons for which outreach is blocked.
    pub pause_reasons: Vec<&'static str>,
}

/// A test event and the response of its receiver.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TestEventView {
    /// Delivery id.
    pub delivery_id: Uuid,
    /// The `webhook-id` header that the receiver gets.
    pub webhook_id: String,
    /// Always `webhook.test`.
    pub event: &'static str,
    /// Status of the delivery after the test.
    pub status: String,
    /// HTTP status of the response, or null without a response.
    pub response_status: Option<i32>,
    /// Duration of the attempt in milliseconds.
    pub latency_ms: Option<i64>,
    /// Why the attempt failed, or null.
    pub error: Option<String>,
    /// The beginning of the response body.
    pub response_excerpt: Option<String>,
}

/// A recovery: a replay of the deliveries that did not arrive.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WebhookRecovery)]
pub struct RecoveryView {
    /// Recovery id.
    pub id: Uuid,
    /// The creditor whose events are replayed.
    pub creditor_id: Uuid,
    /// `running` or `done`. When it is `done`, every delivery is queued, but not all may have been sent.
    pub status: &'static str,
    /// Start of the period, inclusive.
    pub since: String,
    /// End of the period, exclusive.
    pub until: String,
    /// Number of events in the period.
    pub events: i64,
    /// Number of deliveries that were made due again.
    pub requeued: i64,
    /// Number of deliveries that were created for events that had none.
    pub created: i64,
    /// When the recovery was requested.
    pub created_at: String,
    /// When the recovery last made progress.
    pub updated_at: String,
}

/// The result of the erasure of a placement's event payloads.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ErasedWebhookPayloads)]
pub struct ErasedView {
    /// Placement id.
    pub placement_id: Uuid,
    /// Number of events whose payload was erased.
    pub payloads: u64,
    /// Number of pending deliveries that were cancelled.
    pub deliveries: u64,
}
