//! What a creditor is shown of its webhook and of every delivery.

use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The signing secret of the creditor's webhook.
#[derive(Debug)]
pub struct WebhookSecretView {
    /// `whsec_` and base64.
    pub secret: SecretString,
    /// When it was made.
    pub created_at: String,
    /// When the one before it stops signing.
    pub previous_expires_at: Option<String>,
}

/// A webhook endpoint. Secrets and the values of headers are not in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct EndpointView {
    /// Endpoint id.
    pub id: Uuid,
    /// Whether it is the one that Settings → Webhook URL sets.
    pub primary: bool,
    /// Where events are sent.
    pub url: String,
    /// Its owner's words.
    pub description: Option<String>,
    /// Which events; null is all.
    pub events: Option<Vec<String>>,
    /// Sends a second at most; null is as fast as it answers.
    pub throttle_per_second: Option<i32>,
    /// Names of the headers that are sent beside ours.
    pub header_names: Vec<String>,
    /// `none`, `endpoint` (one after the other, by `sequence`) or `placement` (those of one placement).
    pub order: &'static str,
    /// What becomes of a line whose first delivery is out of attempts: `pause` or `skip`.
    pub on_exhausted: &'static str,
    /// Since when nothing has succeeded; null while something does.
    pub failing_since: Option<String>,
    /// `enabled`, `paused` (its events wait) or `disabled` (it gets nothing more).
    pub state: String,
    /// Why it is not enabled.
    pub state_reason: Option<String>,
    /// The secrets that sign now, newest first.
    pub secrets: Vec<LiveSecretView>,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// A secret that signs, without itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WebhookLiveSecret)]
pub struct LiveSecretView {
    /// When it was made.
    pub created_at: String,
    /// When it stops.
    pub expires_at: Option<String>,
}

/// One delivery of one event to one endpoint.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Delivery id.
    pub id: Uuid,
    /// Event type.
    pub event: String,
    /// `pending`, `delivering`, `delivered`, `failed`, `exhausted` or `cancelled`.
    pub status: String,
    /// Attempts finished.
    pub attempts: i32,
    /// HTTP status of the last attempt.
    pub response_status: Option<i32>,
    /// When the next attempt is due.
    pub next_attempt_at: Option<String>,
    /// When it was delivered.
    pub delivered_at: Option<String>,
    /// The `webhook-id` that the receiver sees.
    pub webhook_id: String,
    /// The endpoint.
    pub endpoint_id: Uuid,
    /// Whose.
    pub creditor_id: Uuid,
    /// When the event happened.
    pub created_at: String,
}

/// One finished attempt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AttemptView {
    /// 1 for the first.
    pub attempt: i32,
    /// When it began.
    pub at: String,
    /// HTTP status, if there was an answer.
    pub response_status: Option<i32>,
    /// How long it took.
    pub latency_ms: i64,
    /// Why it failed.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub response_excerpt: Option<String>,
}

/// A delivery with its attempts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// Its attempts, oldest first.
    pub attempt_log: Vec<AttemptView>,
}

/// An entry of the event catalogue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookEventView {
    /// Event type.
    pub name: &'static str,
    /// When it is sent.
    pub description: &'static str,
    /// Names of the fields of `data`.
    pub fields: &'static [&'static str],
}

/// The event catalogue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookCatalogue {
    /// What can be subscribed to.
    pub events: Vec<WebhookEventView>,
    /// Why outreach can be blocked.
    pub pause_reasons: Vec<&'static str>,
}

/// The test event, and what its receiver answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TestEventView {
    /// Delivery id, to look up in the deliveries.
    pub delivery_id: Uuid,
    /// The `webhook-id` that the receiver sees.
    pub webhook_id: String,
    /// Always `webhook.test`.
    pub event: &'static str,
    /// State of the delivery when this was answered.
    pub status: String,
    /// HTTP status of the receiver, if it answered.
    pub response_status: Option<i32>,
    /// Milliseconds that the attempt took.
    pub latency_ms: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub response_excerpt: Option<String>,
}

/// A recovery: what did not arrive, sent again.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WebhookRecovery)]
pub struct RecoveryView {
    /// Recovery id.
    pub id: Uuid,
    /// Whose events.
    pub creditor_id: Uuid,
    /// `running` or `done`: then everything is queued, though not all of it delivered yet.
    pub status: &'static str,
    /// Events from then on.
    pub since: String,
    /// And before then.
    pub until: String,
    /// Events of that time.
    pub events: i64,
    /// Deliveries that are due again.
    pub requeued: i64,
    /// Deliveries made for events that no endpoint was sent.
    pub created: i64,
    /// When it was asked for.
    pub created_at: String,
    /// When it last got on.
    pub updated_at: String,
}

/// What was erased of a placement's events.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ErasedWebhookPayloads)]
pub struct ErasedView {
    /// About which.
    pub placement_id: Uuid,
    /// Events whose contents are gone.
    pub payloads: u64,
    /// Deliveries that are not sent any more.
    pub deliveries: u64,
}
