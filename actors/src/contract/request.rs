//! The requests: the typed arguments of [`crate::PartnerApi`].
//!
//! The fields are well-formed. The code that builds a request has already reported every malformed field.

use super::views::BusinessAddress;
use crate::domain::fingerprint::is_valid_idempotency_key;
use crate::domain::limits::LimitsOverride;
use crate::domain::placement::draft::Posture;
use crate::domain::placement::status::PlacementStatus;
use std::collections::BTreeMap;
use std::net::IpAddr;

use entities::api_key::KeyScope;
use entities::ids::{CreditorId, EndpointId, PlacementId};
use secrecy::SecretString;
use serde::Serialize;
use serde_with::skip_serializing_none;
use uuid::Uuid;

/// `POST /v1/creditors`.
#[derive(Debug)]
pub struct SignUp {
    /// 1–200 characters.
    pub company_name: String,
    /// An e-mail address. Its case is ignored.
    pub email: String,
    /// 12–71 bytes. bcrypt ignores longer input.
    pub password: SecretString,
    /// The client's address, for the throttle.
    pub client: IpAddr,
}

/// `POST /v1/sessions`.
#[derive(Debug)]
pub struct SignIn {
    /// The e-mail address of the account.
    pub email: String,
    /// The password of the account.
    pub password: SecretString,
    /// The client's address, for the audit log and the throttle.
    pub client: IpAddr,
}

/// `PATCH /v1/creditors/me/setup`. Absent fields stay unchanged.
#[derive(Debug, Default)]
pub struct SetupPatch {
    /// Registered name.
    pub legal_name: Option<String>,
    /// Employer Identification Number: nine digits, optionally with a dash after the second.
    pub ein: Option<SecretString>,
    /// Industry.
    pub industry: Option<String>,
    /// Two-letter code of the state.
    pub state_of_incorporation: Option<String>,
    /// Registered address. It replaces the stored one as a whole.
    pub business_address: Option<BusinessAddress>,
}

/// `POST /v1/agreements/current/accept`.
#[derive(Debug)]
pub struct AcceptAgreement {
    /// Name of the person who signs.
    pub signatory_name: String,
    /// The version of the agreement that is accepted.
    pub version: String,
}

/// `PATCH /v1/settings`. Absent fields stay unchanged.
#[derive(Debug, Default)]
pub struct SettingsPatch {
    /// Posture of new placements.
    pub posture_default: Option<Posture>,
    /// `Some(None)` removes the webhook.
    pub webhook_url: Option<Option<String>>,
    /// `Some(None)` subscribes to everything.
    pub webhook_events: Option<Option<Vec<String>>>,
}

/// Selects one of a creditor's webhook endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointSelector {
    /// The primary endpoint, which `webhook_url` in the settings configures.
    Primary,
    /// The endpoint with this id.
    One(EndpointId),
}

/// `POST` and `PATCH /v1/settings/webhook-endpoints`. Absent fields stay unchanged. `Some(None)` removes the value.
#[skip_serializing_none]
#[derive(Debug, Default, Serialize)]
pub struct EndpointChange {
    /// The URL that receives the events.
    pub url: Option<String>,
    /// Free text of the owner.
    pub description: Option<Option<String>>,
    /// `Some(None)` subscribes to everything.
    pub events: Option<Option<Vec<String>>>,
    /// Maximum number of sends per second.
    pub throttle_per_second: Option<Option<u32>>,
    /// Custom headers, sent in addition to the platform's own.
    pub headers: Option<Option<BTreeMap<String, String>>>,
    /// Order of deliveries: `none`, `endpoint` or `placement`.
    pub order: Option<String>,
    /// What happens to an ordering key whose first delivery is out of attempts: `pause` or `skip`.
    pub on_exhausted: Option<String>,
    /// Whether deliveries to the endpoint are paused.
    pub paused: Option<bool>,
}

/// The period whose missing deliveries are replayed.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RecoveryPeriod {
    /// Start, inclusive, in milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// End, exclusive, in milliseconds since the Unix epoch. `None` is now.
    pub until_ms: Option<i64>,
}

/// Offset pagination.
#[derive(Debug, Clone, Copy)]
pub struct OffsetPage {
    /// 1–100.
    pub limit: u64,
    /// Rows to skip.
    pub offset: u64,
}

/// The sort key of a list of placements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacementOrder {
    /// Time of the placement.
    PlacedAt,
    /// Invoice amount.
    InvoiceAmount,
    /// Days past due.
    DaysPastDue,
    /// Name of the status.
    Status,
    /// Time of the last change.
    UpdatedAt,
}

/// `GET /v1/placements`.
#[derive(Debug, Clone)]
pub struct PlacementFilter {
    /// Only placements with one of these statuses. Empty means all.
    pub statuses: Vec<PlacementStatus>,
    /// Part of the company name or of the invoice number. Case is ignored.
    pub q: Option<String>,
    /// Only placements that changed after this time (milliseconds since the Unix epoch), or at this time with an id
    /// greater than `after_id`.
    pub updated_since_ms: Option<i64>,
    /// The last id of the previous page. Requires `updated_since_ms`.
    pub after_id: Option<PlacementId>,
    /// The sort key.
    pub order: PlacementOrder,
    /// Whether to sort in descending order.
    pub descending: bool,
}

/// `GET /v1/placements/{id}/audit`.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only events of these types. Empty means all.
    pub event_types: Vec<String>,
    /// Only events of this actor.
    pub actor: Option<String>,
    /// Only events at or after this time, in milliseconds since the Unix epoch.
    pub since_ms: Option<i64>,
    /// Only events before this time, in milliseconds since the Unix epoch.
    pub until_ms: Option<i64>,
    /// Time (milliseconds since the Unix epoch) and id of the last event of the previous page.
    pub after: Option<(i64, Uuid)>,
    /// 1–100.
    pub limit: u64,
    /// Whether internal events of the platform are included.
    pub full: bool,
}

/// `GET /support/v1/audit`.
#[derive(Debug, Clone, Default)]
pub struct SupportAuditFilter {
    /// Only events of this creditor.
    pub creditor_id: Option<CreditorId>,
    /// Only events with this action.
    pub action: Option<String>,
    /// Only events at or after this time, in milliseconds since the Unix epoch.
    pub since_ms: Option<i64>,
    /// Time (milliseconds since the Unix epoch) and id of the last event of the previous page.
    pub after: Option<(i64, Uuid)>,
    /// 1–100.
    pub limit: u64,
}

/// The filter of a list of deliveries.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only deliveries with this status.
    pub status: Option<String>,
    /// Only deliveries of this event type.
    pub event: Option<String>,
}

/// `PATCH /support/v1/creditors/{id}`. Absent fields stay unchanged.
#[derive(Debug)]
pub struct CreditorPatch {
    /// `suspended` suspends the account. Any other status ends a suspension or corrects the outcome of the review.
    pub status: Option<crate::domain::account::AccountStatus>,
    /// The name of a configured rate-limit tier.
    pub tier: Option<String>,
    /// Override of the tier's rate limits. `Some(None)` removes it.
    pub limits: Option<Option<LimitsOverride>>,
    /// Links a Stripe account and applies the events that were stored for it. `Some(None)` unlinks it.
    pub stripe_account_id: Option<Option<String>>,
    /// The reason, for the audit log.
    pub reason: String,
}

/// One transition of `POST /support/v1/placements/transitions`.
#[derive(Debug, Clone, Serialize)]
pub struct TransitionRequest {
    /// Placement id.
    pub placement_id: PlacementId,
    /// The new status.
    pub to: PlacementStatus,
    /// The reason, for the audit log.
    pub reason: Option<String>,
}

/// The outcome of a provider's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderOutcome {
    /// The event changed a gate.
    Applied,
    /// The event is a duplicate, is older than the known state, or contains no fact that the platform uses.
    NoEffect,
    /// The event is stored until its account is linked.
    Stored,
}

/// What a route requires of an API key.
#[derive(Debug, Clone, Copy)]
pub struct RouteRequirements {
    /// Whether the route writes, and so needs a full-access key.
    pub writes: bool,
    /// The cost of the request in both rate limits.
    pub cost: u32,
}

/// A kind of API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The full-access key, and the retiring key that it replaced.
    FullAccess,
    /// The read-only key, e.g. for a data warehouse.
    ReadOnly,
}

impl KeyKind {
    pub(crate) fn scope(self) -> KeyScope {
        match self {
            Self::FullAccess => KeyScope::ReadWrite,
            Self::ReadOnly => KeyScope::Read,
        }
    }
}

/// A valid `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Parses a key of 1 to 255 printable ASCII characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_valid_idempotency_key(text).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
