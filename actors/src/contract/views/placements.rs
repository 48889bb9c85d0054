//! What a creditor is shown of its placements, and of what happened to them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::Pagination;
use crate::domain::field_error::FieldError;

/// The company that owes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DebtorView {
    /// Registered name.
    pub company_name: String,
    /// E-mail.
    pub primary_email: Option<String>,
    /// Phone.
    pub primary_phone: Option<String>,
    /// Web domain.
    pub primary_domain: Option<String>,
    /// Two-letter state.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ZIP.
    pub zip: Option<String>,
    /// The creditor's own id for this debtor.
    pub external_debtor_ref: Option<String>,
    /// Always `business`.
    pub kind: String,
}

/// A placement. Field order is the published client's column order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlacementView {
    /// Placement id.
    pub id: Uuid,
    /// State of the placement's life.
    pub status: String,
    /// The creditor's invoice number.
    pub invoice_number: String,
    /// Decimal string.
    pub invoice_amount: String,
    /// Who owes.
    pub debtor: DebtorView,
    /// Payments recorded so far, decimal string.
    pub amount_paid: String,
    /// What is still owed, decimal string.
    pub balance: String,
    /// ISO date.
    pub invoice_date: String,
    /// ISO date.
    pub due_date: String,
    /// Whole days since the due date, 0 if not yet due.
    pub days_past_due: i64,
    /// `preserve` or `escalate`.
    pub posture: String,
    /// Whether the creditor has paused it.
    pub paused: bool,
    /// Derived: whether outreach may run right now.
    pub outreach_allowed: bool,
    /// Why not.
    pub outreach_blocked_reason: Option<String>,
    /// Free text.
    pub notes: Option<String>,
    /// When it was placed.
    pub placed_at: String,
    /// When it was recalled.
    pub recalled_at: Option<String>,
    /// Same as `id`, under the name that create answers with.
    pub placement_id: Uuid,
    /// When it last changed; grows with every change of the creditor's placements.
    pub updated_at: String,
}

/// A recorded payment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PaymentRecorded {
    /// Payment id.
    pub payment_id: Uuid,
    /// Placement id.
    pub placement_id: Uuid,
    /// Decimal string.
    pub amount: String,
    /// When it was recorded.
    pub recorded_at: String,
    /// All payments so far, decimal string.
    pub amount_paid: String,
    /// What is still owed, decimal string.
    pub balance: String,
    /// The placement's status after the payment.
    pub status: String,
    /// Why a payment of the whole balance did not make the placement `paid`; else null.
    pub note: Option<String>,
}

/// One line of an audit trail.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEventView {
    /// When.
    pub at: String,
    /// What, e.g. `placement.recalled`.
    pub event_type: String,
    /// Who.
    pub actor: String,
    /// Details.
    #[schema(value_type = Object)]
    pub data: Value,
    /// Event id.
    pub id: Uuid,
}

/// A placement's audit trail, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditPage {
    /// The events.
    pub events: Vec<AuditEventView>,
    /// How to go on.
    pub pagination: Pagination,
}

/// A disputed claim.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DisputeView {
    /// Dispute id.
    pub id: Uuid,
    /// Placement id.
    pub placement_id: Uuid,
    /// `open` or `resolved`.
    pub status: String,
    /// What the debtor said.
    pub reason: String,
    /// The answer on record.
    pub answer: Option<String>,
    /// When it was opened.
    pub opened_at: String,
    /// How it ended.
    pub resolution: Option<String>,
    /// When it ended.
    pub resolved_at: Option<String>,
}

/// What became of a batch of invoices.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = BatchPlaced)]
pub struct BatchPlaced {
    /// Rows that became placements.
    pub created: usize,
    /// Rows that did not.
    pub refused: usize,
    /// One a row, in the order of the request.
    pub results: Vec<BatchRow>,
}

/// What became of one row.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BatchRow {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Whether it became a placement.
    pub ok: bool,
    /// Which.
    pub placement_id: Option<Uuid>,
    /// The placement's status.
    pub status: Option<String>,
    /// Why not.
    pub error: Option<BatchRowError>,
}

/// Why a row was refused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BatchRowError {
    /// `validation_failed`, `consumer_debt` or `duplicate_invoice`.
    pub code: String,
    /// One readable line.
    pub detail: String,
    /// The placement that holds the invoice already.
    pub placement_id: Option<Uuid>,
    /// Each wrong field.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub errors: Vec<FieldError>,
}
