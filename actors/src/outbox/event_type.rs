//! The events that are sent: their names, meanings and fields.

use crate::contract::{WebhookCatalogue, WebhookEventView};
use crate::domain::placement::outreach;

/// A type of outbound event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EventType {
    /// A placement was accepted.
    PlacementCreated,
    /// A placement's status changed.
    PlacementStatusChanged,
    /// A placement was amended.
    PlacementAmended,
    /// The creditor paused a placement.
    PlacementPaused,
    /// The creditor resumed a placement.
    PlacementResumed,
    /// A payment was recorded.
    PaymentRecorded,
    /// The debtor disputes.
    DisputeOpened,
    /// A dispute ended.
    DisputeResolved,
    /// An upload was worked off.
    IntakeCompleted,
    /// An export is ready.
    ExportCompleted,
    /// The account's status changed.
    AccountStatusChanged,
    /// The API key was issued.
    ApiKeyIssued,
    /// The API key was rotated.
    ApiKeyRotated,
    /// The API key was revoked.
    ApiKeyRevoked,
    /// A retiring key is about to stop and still in use.
    ApiKeyExpiring,
    /// An endpoint was switched off.
    WebhookEndpointDisabled,
    /// A test.
    WebhookTest,
}

const PLACEMENT_FIELDS: &[&str] = &[
    "placement_id",
    "invoice_number",
    "external_debtor_ref",
    "status",
    "sequence",
    "updated_at",
];
const KEY_FIELDS: &[&str] = &["prefix", "reason", "sequence", "updated_at"];

impl EventType {
    /// Every type, in the catalogue's order.
    pub(crate) const ALL: [Self; 17] = [
        Self::PlacementCreated,
        Self::PlacementStatusChanged,
        Self::PlacementAmended,
        Self::PlacementPaused,
        Self::PlacementResumed,
        Self::PaymentRecorded,
        Self::DisputeOpened,
        Self::DisputeResolved,
        Self::IntakeCompleted,
        Self::ExportCompleted,
        Self::AccountStatusChanged,
        Self::ApiKeyIssued,
        Self::ApiKeyRotated,
        Self::ApiKeyRevoked,
        Self::ApiKeyExpiring,
        Self::WebhookEndpointDisabled,
        Self::WebhookTest,
    ];

    /// The name on the wire.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        self.describe().name
    }

    /// The type with this name.
    #[must_use]
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }

    fn describe(self) -> WebhookEventView {
        let (name, description, fields): (_, _, &'static [&'static str]) = match self {
            Self::PlacementCreated => (
                "placement.created",
                "A placement was accepted.",
                PLACEMENT_FIELDS,
            ),
            Self::PlacementStatusChanged => (
                "placement.status_changed",
                "A placement's status changed.",
                &[
                    "placement_id",
                    "invoice_number",
                    "external_debtor_ref",
                    "previous_status",
                    "status",
                    "reason",
                    "sequence",
                    "updated_at",
                ],
            ),
            Self::PlacementAmended => (
                "placement.amended",
                "A placement was amended.",
                PLACEMENT_FIELDS,
            ),
            Self::PlacementPaused => (
                "placement.paused",
                "Outreach on a placement was paused.",
                PLACEMENT_FIELDS,
            ),
            Self::PlacementResumed => (
                "placement.resumed",
                "Outreach on a placement was resumed.",
                PLACEMENT_FIELDS,
            ),
            Self::PaymentRecorded => (
                "payment.recorded",
                "A payment was recorded against a placement.",
                &[
                    "placement_id",
                    "invoice_number",
                    "external_debtor_ref",
                    "payment_id",
                    "amount",
                    "amount_paid",
                    "balance",
                    "status",
                    "sequence",
                    "updated_at",
                ],
            ),
            Self::DisputeOpened => (
                "dispute.opened",
                "The debtor disputes a placement.",
                &[
                    "placement_id",
                    "invoice_number",
                    "external_debtor_ref",
                    "dispute_id",
                    "sequence",
                    "updated_at",
                ],
            ),
            Self::DisputeResolved => (
                "dispute.resolved",
                "A dispute ended.",
                &[
                    "placement_id",
                    "invoice_number",
                    "external_debtor_ref",
                    "dispute_id",
                    "resolution",
                    "sequence",
                    "updated_at",
                ],
            ),
            Self::IntakeCompleted => (
                "intake.completed",
                "An upload was worked off.",
                &["commit_id", "sequence", "updated_at"],
            ),
            Self::ExportCompleted => (
                "export.completed",
                "An export is ready.",
                &["export_id", "sequence", "updated_at"],
            ),
            Self::AccountStatusChanged => (
                "account.status_changed",
                "The account's status changed.",
                &["previous_status", "status", "sequence", "updated_at"],
            ),
            Self::ApiKeyIssued => (
                "api_key.issued",
                "The API key was issued; reveal it once.",
                KEY_FIELDS,
            ),
            Self::ApiKeyRotated => (
                "api_key.rotated",
                "The API key was replaced.",
                &[
                    "prefix",
                    "previous_prefix",
                    "reason",
                    "previous_expires_at",
                    "sequence",
                    "updated_at",
                ],
            ),
            Self::ApiKeyRevoked => ("api_key.revoked", "The API key was revoked.", KEY_FIELDS),
            Self::ApiKeyExpiring => (
                "api_key.expiring",
                "A retiring key is still in use shortly before it stops.",
                KEY_FIELDS,
            ),
            Self::WebhookEndpointDisabled => (
                "webhook.endpoint_disabled",
                "A webhook endpoint was switched off.",
                &["endpoint_id", "reason", "sequence", "updated_at"],
            ),
            Self::WebhookTest => (
                "webhook.test",
                "A test event, sent on request.",
                &["sequence", "updated_at"],
            ),
        };
        WebhookEventView {
            name,
            description,
            fields,
        }
    }
}

/// The whole catalogue, as partners are shown it.
#[must_use]
pub(crate) fn catalogue() -> WebhookCatalogue {
    WebhookCatalogue {
        events: EventType::ALL
            .into_iter()
            .map(EventType::describe)
            .collect(),
        pause_reasons: outreach::REASONS.map(|(reason, _)| reason).to_vec(),
    }
}
