//! The views of placements, payments, disputes and audit trails.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::Pagination;
use crate::domain::field_error::FieldError;

/// The company that owes the debt.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DebtorView {
    /// Registered name.
    pub company_name: String,
    /// E-mail address.
    pub primary_email: Option<String>,
    /// Phone number.
    pub primary_phone: Option<String>,
    /// Web domain.
    pub primary_domain: Option<String>,
    /// Two-letter code of the state.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ZIP code.
    pub zip: Option<String>,
    /// The creditor's own id for this debtor.
    pub external_debtor_ref: Option<String>,
    /// Always `business`.
    pub kind: String,
}

/// A placement. The field order is the column order of the published client.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlacementView {
    /// Placement id.
    pub id: Uuid,
    /// Status of the placement.
    pub status: String,
    /// The creditor's invoice number.
    pub invoice_number: String,
    /// Invoice amount, decimal string.
    pub invoice_amount: String,
    /// The debtor.
    pub debtor: DebtorView,
    /// Sum of the recorded payments, decimal string.
    pub amount_paid: String,
    /// Amount still owed, decimal string.
    pub balance: String,
    /// Invoice date, ISO 8601.
    pub invoice_date: String,
    /// Due date, ISO 8601.
    pub due_date: String,
    /// Whole days of UTC since the due date, 0 if not yet due.
    pub days_past_due: i64,
    /// `preserve` or `escalate`.
    pub posture: String,
    /// Whether the creditor has paused outreach.
    pub paused: bool,
    /// Whether outreach may run now. Derived from the other fields and the account.
    pub outreach_allowed: bool,
    /// Why outreach may not run, or null.
    pub outreach_blocked_reason: Option<String>,
    /// Free text.
    pub notes: Option<String>,
    /// When the invoice was placed.
    pub placed_at: String,
    /// When the placement was recalled, or null.
    pub recalled_at: Option<String>,
    /// Same as `id`.
    pub placement_id: Uuid,
    /// When the placement last changed. Every change of a creditor's placements has a later time than the previous one.
    pub updated_at: String,
}

/// A recorded payment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PaymentRecorded {
    /// Payment id.
    pub payment_id: Uuid,
    /// Placement id.
    pub placement_id: Uuid,
    /// Amount of the payment, decimal string.
    pub amount: String,
    /// When the payment was recorded.
    pub recorded_at: String,
    /// Sum of all payments of the placement, decimal string.
    pub amount_paid: String,
    /// Amount still owed, decimal string.
    pub balance: String,
    /// The placement's status after the payment.
    pub status: String,
    /// Why a payment of the full balance did not change the status to `paid`, or null.
    pub note: Option<String>,
}

/// An event in the audit trail of a placement.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEventView {
    /// When the event happened.
    pub at: String,
    /// Type of the event, e.g. `placement.recalled`.
    pub event_type: String,
    /// The person, key or system component that caused the event.
    pub actor: String,
    /// Details of the event.
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
    /// Pagination.
    pub pagination: Pagination,
}

/// A dispute of a placement.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DisputeView {
    /// Dispute id.
    pub id: Uuid,
    /// Placement id.
    pub placement_id: Uuid,
    /// `open` or `resolved`.
    pub status: String,
    /// The debtor's reason.
    pub reason: String,
    /// The recorded answer, or null.
    pub answer: Option<String>,
    /// When the dispute was opened.
    pub opened_at: String,
    /// How the dispute was resolved, or null.
    pub resolution: Option<String>,
    /// When the dispute was resolved, or null.
    pub resolved_at: Option<String>,
}

/// The result of a batch of invoices.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = BatchPlaced)]
pub struct BatchPlaced {
    /// Number of rows that became placements.
    pub created: usize,
    /// Number of rows that were rejected.
    pub refused: usize,
    /// One result per row, in the order of the request.
    pub results: Vec<BatchRow>,
}

/// The result of one row of a batch.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BatchRow {
    /// Index of the row in the request, from 0.
    pub index: usize,
    /// Whether the row became a placement.
    pub ok: bool,
    /// Id of the new placement, or null.
    pub placement_id: Option<Uuid>,
    /// Status of the new placement, or null.
    pub status: Option<String>,
    /// Why the row was rejected, or null.
    pub error: Option<BatchRowError>,
}

/// Why a row of a batch was rejected.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BatchRowError {
    /// `validation_failed`, `consumer_debt` or `duplicate_invoice`.
    pub code: String,
    /// Description of the problem, one line.
    pub detail: String,
    /// For `duplicate_invoice`, the placement of the same invoice.
    pub placement_id: Option<Uuid>,
    /// For `validation_failed`, the fields that are not valid.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub errors: Vec<FieldError>,
}
