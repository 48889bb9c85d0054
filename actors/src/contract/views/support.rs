//! The views for support.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::account::{GateStatus, KeyStatus};
use super::page::Pagination;

/// An event in the audit log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportAuditEvent {
    /// Event id.
    pub id: Uuid,
    /// The action, e.g. `creditor.api_key_issued`.
    pub action: String,
    /// The person, key or system component that caused the event.
    pub actor: String,
    /// The creditor whose account is concerned, or null.
    pub creditor_id: Option<Uuid>,
    /// When the event happened.
    pub at: String,
    /// Details of the event.
    #[schema(value_type = Object)]
    pub data: Value,
    /// The trace of the request that caused it, 32 hexadecimal digits. Deliveries of the same change carry it in
    /// `traceparent`.
    pub trace_id: Option<String>,
}

/// The audit log, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportAuditPage {
    /// The events.
    pub events: Vec<SupportAuditEvent>,
    /// Pagination.
    pub pagination: Pagination,
}

/// The result of one transition that support reported.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TransitionResult {
    /// Placement id from the request.
    pub placement_id: Uuid,
    /// Whether the transition was applied.
    pub ok: bool,
    /// Status of the placement after the transition, or null.
    pub status: Option<String>,
    /// Why the transition was not applied, or null.
    pub error: Option<String>,
}

/// A creditor with the details that support needs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportCreditor {
    /// Creditor id.
    pub id: Uuid,
    /// Company name.
    pub name: String,
    /// E-mail address of the account.
    pub email: String,
    /// Account status.
    pub status: String,
    /// Rate-limit tier.
    pub tier: String,
    /// Override of the tier's limits, or null.
    #[schema(value_type = Object)]
    pub limits: Value,
    /// Linked Stripe account, or null.
    pub stripe_account_id: Option<String>,
    /// The onboarding gates.
    pub gates: Vec<GateStatus>,
    /// The API key.
    pub api_key: KeyStatus,
    /// The newest provider events, newest first, at most 50.
    pub provider_events: Vec<ProviderEventView>,
    /// URL of the primary webhook endpoint, or null.
    pub webhook_url: Option<String>,
    /// When the account was created.
    pub created_at: String,
}

/// A stored provider event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProviderEventView {
    /// `stripe`, `middesk` or `docusign`.
    pub provider: String,
    /// The provider's id of the event.
    pub event_id: String,
    /// The provider's type of the event.
    pub event_type: String,
    /// When the event happened, according to the provider.
    pub occurred_at: String,
    /// `applied`, `stale`, `ignored` or `unlinked`.
    pub outcome: String,
}
