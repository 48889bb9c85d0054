//! The types of outbound events: their names, descriptions and fields.

use strum::VariantArray;

use crate::contract::{WebhookCatalogue, WebhookEventView};
use crate::domain::placement::outreach;

/// A type of outbound event. A type that is never sent is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray)]
pub(crate) enum EventType {
    /// A placement was accepted.
    PlacementCreated,
    /// A placement's status changed.
    PlacementStatusChanged,
    /// The creditor paused a placement.
    PlacementPaused,
    /// The creditor resumed a placement.
    PlacementResumed,
    /// A payment was recorded.
    PaymentRecorded,
    /// The debtor opened a dispute.
    DisputeOpened,
    /// A dispute ended.
    DisputeResolved,
    /// The account's status changed.
    AccountStatusChanged,
    /// The API key was issued.
    ApiKeyIssued,
    /// The API key was rotated.
    ApiKeyRotated,
    /// The API key was revoked.
    ApiKeyRevoked,
    /// A retiring API key is still in use shortly before it expires.
    ApiKeyExpiring,
    /// A webhook endpoint was disabled.
    WebhookEndpointDisabled,
    /// A test event, sent on request.
    WebhookTest,
}

/// Fields that name the placement of an event.
const PLACEMENT: Fields = &["placement_id", "invoice_number", "external_debtor_ref"];
/// Fields of most events about an API key.
const KEY: Fields = &["prefix", "reason"];
/// Fields of every event.
const POSITION: Fields = &["sequence", "updated_at"];

type Fields = &'static [&'static str];

impl EventType {
    /// Every type, in the catalogue's order.
    pub(crate) const ALL: &'static [Self] = <Self as VariantArray>::VARIANTS;

    /// The wire name, such as `placement.created`.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        self.describe().0
    }

    /// Returns the type with this wire name.
    #[must_use]
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|event| event.as_str() == name)
    }

    /// The wire name, the description, the fields that name the subject, and the fields of this type alone.
    fn describe(self) -> (&'static str, &'static str, Fields, Fields) {
        match self {
            Self::PlacementCreated => (
                "placement.created",
                "A placement was accepted.",
                PLACEMENT,
                &["status"],
            ),
            Self::PlacementStatusChanged => (
                "placement.status_changed",
                "A placement's status changed.",
                PLACEMENT,
                &["previous_status", "status", "reason"],
            ),
            Self::PlacementPaused => (
                "placement.paused",
                "Outreach on a placement was paused.",
                PLACEMENT,
                &["status"],
            ),
            Self::PlacementResumed => (
                "placement.resumed",
                "Outreach on a placement was resumed.",
                PLACEMENT,
                &["status"],
            ),
            Self::PaymentRecorded => (
                "payment.recorded",
                "A payment was recorded against a placement.",
                PLACEMENT,
                &["payment_id", "amount", "amount_paid", "balance", "status"],
            ),
            Self::DisputeOpened => (
                "dispute.opened",
                "The debtor opened a dispute about a placement.",
                PLACEMENT,
                &["dispute_id"],
            ),
            Self::DisputeResolved => (
                "dispute.resolved",
                "A dispute ended.",
                PLACEMENT,
                &["dispute_id", "resolution"],
            ),
            Self::AccountStatusChanged => (
                "account.status_changed",
                "The account's status changed.",
                &["previous_status", "status"],
                &[],
            ),
            Self::ApiKeyIssued => (
                "api_key.issued",
                "The API key was issued; it can be revealed once.",
                KEY,
                &[],
            ),
            Self::ApiKeyRotated => (
                "api_key.rotated",
                "The API key was replaced.",
                &["prefix", "previous_prefix", "reason", "previous_expires_at"],
                &[],
            ),
            Self::ApiKeyRevoked => ("api_key.revoked", "The API key was revoked.", KEY, &[]),
            Self::ApiKeyExpiring => (
                "api_key.expiring",
                "A retiring API key is still in use shortly before it expires.",
                KEY,
                &[],
            ),
            Self::WebhookEndpointDisabled => (
                "webhook.endpoint_disabled",
                "A webhook endpoint was disabled.",
                &["endpoint_id", "reason"],
                &[],
            ),
            Self::WebhookTest => ("webhook.test", "A test event, sent on request.", &[], &[]),
        }
    }

    fn view(self) -> WebhookEventView {
        let (name, description, subject, own) = self.describe();
        WebhookEventView {
            name,
            description,
            fields: [subject, own, POSITION].concat(),
        }
    }
}

/// The catalogue of all event types, as partners see it.
#[must_use]
pub(crate) fn catalogue() -> WebhookCatalogue {
    WebhookCatalogue {
        events: EventType::ALL.iter().map(|event| event.view()).collect(),
        pause_reasons: outreach::REASONS.map(|(reason, _)| reason).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountStatus;
    use crate::domain::money::Cents;
    use crate::domain::placement::{
        Action, CreditorAction, PlacementState, PlacementStatus, transition,
    };

    #[test]
    fn action_that_keeps_the_status_has_an_event_of_its_name() {
        for &action in CreditorAction::ALL {
            let rule = action.rule();
            for &status in rule.possible_from {
                let state = PlacementState {
                    status,
                    paused: false,
                    amount: Cents::from_raw(100),
                    paid: Cents::ZERO,
                    recalled_from: Some(PlacementStatus::Ready),
                    recalled_at_ms: Some(0),
                    recalled_by_creditor: true,
                    account: AccountStatus::Verified,
                };
                let change = transition::apply(&state, &Action::Creditor(action), 0).unwrap();
                let has_event = EventType::parse(rule.audit).is_some();
                assert_eq!(has_event, change.status == status, "{action:?}");
            }
        }
    }
}
