//! What callers ask for: the typed arguments of [`crate::PartnerApi`].
//!
//! They are already well-formed: whoever builds one has reported every malformed field.

use super::views::BusinessAddress;
use crate::domain::fingerprint::is_valid_idempotency_key;
use crate::domain::limits::LimitsOverride;
use crate::domain::placement::draft::Posture;
use crate::domain::placement::status::PlacementStatus;
use std::collections::BTreeMap;
use std::net::IpAddr;

use entities::api_key::KeyScope;
use secrecy::SecretString;
use serde::Serialize;
use uuid::Uuid;

/// `POST /v1/creditors`.
#[derive(Debug)]
pub struct SignUp {
    /// 1–200 characters.
    pub company_name: String,
    /// An e-mail address; compared without case.
    pub email: String,
    /// 12–71 bytes: what bcrypt reads.
    pub password: SecretString,
    /// Where the caller is, for the throttle.
    pub client: IpAddr,
}

/// `POST /v1/sessions`.
#[derive(Debug)]
pub struct SignIn {
    /// As signed up with.
    pub email: String,
    /// As signed up with.
    pub password: SecretString,
    /// Where the caller is, for the audit log and the throttle.
    pub client: IpAddr,
}

/// `PATCH /v1/creditors/me/setup`: absent is unchanged.
#[derive(Debug, Default)]
pub struct SetupPatch {
    /// Registered name.
    pub legal_name: Option<String>,
    /// Nine digits, a dash allowed after the second.
    pub ein: Option<SecretString>,
    /// Industry.
    pub industry: Option<String>,
    /// Two-letter state.
    pub state_of_incorporation: Option<String>,
    /// Registered address, replaced whole.
    pub business_address: Option<BusinessAddress>,
}

/// `POST /v1/agreements/current/accept`.
#[derive(Debug)]
pub struct AcceptAgreement {
    /// Who signs.
    pub signatory_name: String,
    /// The version that was read.
    pub version: String,
}

/// `PATCH /v1/settings`: absent is unchanged.
#[derive(Debug, Default)]
pub struct SettingsPatch {
    /// Posture of new placements.
    pub posture_default: Option<Posture>,
    /// `Some(None)` removes the webhook.
    pub webhook_url: Option<Option<String>>,
    /// `Some(None)` subscribes to everything.
    pub webhook_events: Option<Option<Vec<String>>>,
}

/// Which webhook endpoint of a creditor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointSelector {
    /// The one that Settings → Webhook URL sets.
    Primary,
    /// The one with this id.
    One(Uuid),
}

/// `POST` and `PATCH /v1/settings/webhook-endpoints`: absent is unchanged, `Some(None)` removes.
#[derive(Debug, Default)]
pub struct EndpointChange {
    /// Where events are sent.
    pub url: Option<String>,
    /// Its owner's words.
    pub description: Option<Option<String>>,
    /// `Some(None)` subscribes to everything.
    pub events: Option<Option<Vec<String>>>,
    /// Sends a second at most.
    pub throttle_per_second: Option<Option<u32>>,
    /// Headers beside ours.
    pub headers: Option<Option<BTreeMap<String, String>>>,
    /// `none`, `endpoint` or `placement`.
    pub order: Option<String>,
    /// `pause` or `skip`.
    pub on_exhausted: Option<String>,
    /// Whether its events wait.
    pub paused: Option<bool>,
}

/// The time whose events are recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryPeriod {
    /// From then on, Unix epoch milliseconds.
    pub since_ms: i64,
    /// And before then; absent is now.
    pub until_ms: Option<i64>,
}

/// A slice of a list.
#[derive(Debug, Clone, Copy)]
pub struct OffsetPage {
    /// 1–100.
    pub limit: u64,
    /// Rows to skip.
    pub offset: u64,
}

/// How placements are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacementOrder {
    /// When placed.
    PlacedAt,
    /// Amount of the invoice.
    InvoiceAmount,
    /// Age of the debt.
    DaysPastDue,
    /// Name of the status.
    Status,
    /// Last change.
    UpdatedAt,
}

/// `GET /v1/placements`.
#[derive(Debug, Clone)]
pub struct PlacementFilter {
    /// Any of these; empty is all.
    pub statuses: Vec<PlacementStatus>,
    /// Part of the company name or invoice number, without case.
    pub q: Option<String>,
    /// Strictly changed after this instant (epoch ms), or at it with an id above `after_id`.
    pub updated_since_ms: Option<i64>,
    /// Needs `updated_since_ms`.
    pub after_id: Option<Uuid>,
    /// Order.
    pub order: PlacementOrder,
    /// Descending.
    pub descending: bool,
}

/// `GET /v1/placements/{id}/audit`.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only these types; empty is all.
    pub event_types: Vec<String>,
    /// Only this actor.
    pub actor: Option<String>,
    /// At or after, epoch ms.
    pub since_ms: Option<i64>,
    /// Before, epoch ms.
    pub until_ms: Option<i64>,
    /// Where the last page ended.
    pub after: Option<(i64, Uuid)>,
    /// 1–100.
    pub limit: u64,
    /// Also the platform's own bookkeeping.
    pub full: bool,
}

/// `GET /support/v1/audit`.
#[derive(Debug, Clone, Default)]
pub struct SupportAuditFilter {
    /// Whose.
    pub creditor_id: Option<Uuid>,
    /// Which action.
    pub action: Option<String>,
    /// At or after, epoch ms.
    pub since_ms: Option<i64>,
    /// Where the last page ended.
    pub after: Option<(i64, Uuid)>,
    /// 1–100.
    pub limit: u64,
}

/// Filter of the deliveries list.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// One of the delivery states.
    pub status: Option<String>,
    /// An event type.
    pub event: Option<String>,
}

/// `PATCH /support/v1/creditors/{id}`: absent is unchanged.
#[derive(Debug)]
pub struct CreditorPatch {
    /// `suspended` suspends; any other status ends a suspension or repairs the review's outcome.
    pub status: Option<crate::domain::account::AccountStatus>,
    /// A configured tier.
    pub tier: Option<String>,
    /// `Some(None)` removes the override.
    pub limits: Option<Option<LimitsOverride>>,
    /// Links the account and replays what was stored for it; `Some(None)` unlinks.
    pub stripe_account_id: Option<Option<String>>,
    /// Why; goes to the audit log.
    pub reason: String,
}

/// One line of `POST /support/v1/placements/transitions`.
#[derive(Debug, Clone, Serialize)]
pub struct TransitionRequest {
    /// Placement id.
    pub placement_id: Uuid,
    /// Where to.
    pub to: PlacementStatus,
    /// Why.
    pub reason: Option<String>,
}

/// The signature headers and raw body of a provider's event.
#[derive(Debug)]
pub struct ProviderDelivery<'a> {
    /// Values of the signature header(s).
    pub signatures: Vec<&'a str>,
    /// The bytes as received.
    pub body: &'a [u8],
}

/// What became of a provider's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderOutcome {
    /// Seen now, and it counted.
    Applied,
    /// Seen before, older than what is known, or without a fact that we use.
    NoEffect,
    /// Stored until its account is linked.
    Stored,
}

/// What a route asks of a key.
#[derive(Debug, Clone, Copy)]
pub struct RouteRequirements {
    /// Whether the route changes something.
    pub writes: bool,
    /// What it takes from both rate limits.
    pub cost: u32,
}

/// Which of a creditor's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The one that may do everything, and the one that it replaced.
    FullAccess,
    /// The one for a warehouse.
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

/// An `Idempotency-Key` that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// 1 to 255 printable ASCII characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_valid_idempotency_key(text).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
