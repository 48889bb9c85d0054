//! What support is shown.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::account::{GateStatus, KeyStatus};
use super::page::Pagination;

/// One line of the audit log as support sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportAuditEvent {
    /// Event id.
    pub id: Uuid,
    /// What, e.g. `creditor.api_key_issued`.
    pub action: String,
    /// Who.
    pub actor: String,
    /// Whose account.
    pub creditor_id: Option<Uuid>,
    /// When.
    pub at: String,
    /// Details.
    #[schema(value_type = Object)]
    pub data: Value,
    /// The trace of the request that caused it, 32 hexadecimal digits. Deliveries of the same change carry it in `traceparent`.
    pub trace_id: Option<String>,
}

/// The audit log, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportAuditPage {
    /// The events.
    pub events: Vec<SupportAuditEvent>,
    /// How to go on.
    pub pagination: Pagination,
}

/// What became of one line of a support transition batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TransitionResult {
    /// Placement id as sent.
    pub placement_id: Uuid,
    /// Whether it was applied.
    pub ok: bool,
    /// The status afterwards.
    pub status: Option<String>,
    /// Why not.
    pub error: Option<String>,
}

/// A creditor as support sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportCreditor {
    /// Creditor id.
    pub id: Uuid,
    /// Company name.
    pub name: String,
    /// E-mail of the account.
    pub email: String,
    /// Account status.
    pub status: String,
    /// Rate-limit tier.
    pub tier: String,
    /// Override of the tier's limits, or null.
    #[schema(value_type = Object)]
    pub limits: Value,
    /// Linked Stripe account.
    pub stripe_account_id: Option<String>,
    /// The gates.
    pub gates: Vec<GateStatus>,
    /// The key.
    pub api_key: KeyStatus,
    /// Provider events, newest first, at most 50.
    pub provider_events: Vec<ProviderEventView>,
    /// Where events are sent.
    pub webhook_url: Option<String>,
    /// When the account was made.
    pub created_at: String,
}

/// A stored provider event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProviderEventView {
    /// `stripe`, `middesk` or `docusign`.
    pub provider: String,
    /// The provider's id.
    pub event_id: String,
    /// The provider's type.
    pub event_type: String,
    /// The provider's time of the fact.
    pub occurred_at: String,
    /// `applied`, `stale`, `ignored` or `unlinked`.
    pub outcome: String,
}
