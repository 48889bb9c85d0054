//! What callers are shown: the typed answers of [`crate::PartnerApi`].
//!
//! Views are rendered as they are; field order is wire order. Money is a decimal string, time an
//! RFC 3339 text in UTC with milliseconds. A view never holds a secret except in the four types
//! that exist to show one, and those keep it in a [`SecretString`].

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// The page size that was asked for.
    pub limit: u64,
    /// Rows skipped.
    pub offset: u64,
    /// Every row that matches; null where a search matches more than 10,000.
    pub total: Option<u64>,
}

/// A value, and whether it was answered from a stored idempotency record.
#[derive(Debug, Clone)]
pub struct Replayable<T> {
    /// The answer.
    pub value: T,
    /// True when nothing was done because it had been done before.
    pub replayed: bool,
}

/// A creditor in short.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreditorView {
    /// Creditor id.
    pub id: Uuid,
    /// Company name.
    pub name: String,
    /// `pending_signup`, `in_review`, `verified`, `rejected` or `suspended`.
    pub status: String,
}

/// The answer to a sign-up. Shown once.
#[derive(Debug)]
pub struct SignedUp {
    /// The new creditor.
    pub creditor: CreditorView,
    /// Acts for the creditor until a key exists.
    pub onboarding_token: SecretString,
    /// When the token stops.
    pub expires_at: String,
}

/// The answer to a sign-in. Shown once.
#[derive(Debug)]
pub struct SignedIn {
    /// Bearer token of the dashboard session.
    pub session_token: SecretString,
    /// Absolute end of the session.
    pub expires_at: String,
    /// Who signed in.
    pub creditor: CreditorView,
}

/// A key in the only moment in which it exists in clear.
#[derive(Debug)]
pub struct RevealedKey {
    /// The whole key.
    pub api_key: SecretString,
    /// Its public half.
    pub prefix: String,
    /// When it was issued.
    pub created_at: String,
}

/// The signing secret of the creditor's webhook.
#[derive(Debug)]
pub struct WebhookSecretView {
    /// `whsec_` and base64.
    pub secret: SecretString,
    /// When it was made.
    pub created_at: String,
}

/// One gate as the creditor sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GateStatus {
    /// `kyb_verified`, `payouts_enabled` or `msa_on_file`.
    pub gate: String,
    /// Whether it holds now.
    pub passed: bool,
    /// True when two provider events of the same instant contradict each other.
    pub unconfirmed: bool,
    /// When it last changed; null if never.
    pub changed_at: Option<String>,
}

/// What is known about the creditor's key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeyStatus {
    /// Whether a live full-access key exists.
    pub issued: bool,
    /// Its public half.
    pub prefix: Option<String>,
    /// Whether its secret was shown.
    pub revealed: bool,
    /// When it was issued.
    pub issued_at: Option<String>,
}

/// Where onboarding stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OnboardingStatus {
    /// Account status.
    pub status: String,
    /// All three gates.
    pub gates: Vec<GateStatus>,
    /// The names of those that do not hold.
    pub pending: Vec<String>,
    /// The key.
    pub api_key: KeyStatus,
}

/// One step of the setup checklist.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetupItem {
    /// `company_details`, `business_verification`, `payout_account` or `agreement`.
    pub step: String,
    /// Whether it is complete.
    pub done: bool,
    /// What is still missing.
    pub missing: Vec<String>,
    /// Where to go on; null where a provider reports.
    pub url: Option<String>,
}

/// The setup checklist.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetupView {
    /// The first open step, or null.
    pub next_step: Option<String>,
    /// The steps in order.
    pub items: Vec<SetupItem>,
    /// What was saved; the EIN is never returned.
    pub company: CompanyView,
}

/// Saved company details.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct CompanyView {
    /// Registered name.
    pub legal_name: Option<String>,
    /// Whether an EIN is on file.
    pub ein_on_file: bool,
    /// Industry.
    pub industry: Option<String>,
    /// Two-letter state.
    pub state_of_incorporation: Option<String>,
    /// Registered address.
    pub business_address: Option<BusinessAddress>,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BusinessAddress {
    /// Street and number.
    pub line1: String,
    /// Suite or floor.
    pub line2: Option<String>,
    /// City.
    pub city: String,
    /// State.
    pub state: Option<String>,
    /// ZIP or postal code.
    pub postal_code: String,
    /// Two-letter country.
    pub country: String,
}

/// The current Master Services Agreement.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgreementView {
    /// Version to send back when accepting.
    pub version: String,
    /// The whole text.
    pub text: String,
    /// Whether this creditor has accepted it.
    pub accepted: bool,
    /// When.
    pub accepted_at: Option<String>,
}

/// The creditor's settings, as `GET /v1/settings` shows them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SettingsView {
    /// Creditor id.
    pub id: Uuid,
    /// Company name.
    pub name: String,
    /// Account status.
    pub status: String,
    /// Gate 1.
    pub kyb_cleared: bool,
    /// Gate 2.
    pub payouts_enabled: bool,
    /// Gate 3.
    pub msa_accepted: bool,
    /// Public half of the live key.
    pub api_key_prefix: Option<String>,
    /// The key masked as `ca_<prefix>…`.
    pub api_key: Option<String>,
    /// Whether outreach may run on this account at all.
    pub outreach_ready: bool,
    /// Why not.
    pub outreach_blocked_reason: Option<String>,
    /// `preserve` or `escalate`.
    pub posture_default: String,
    /// Where events are sent.
    pub webhook_url: Option<String>,
    /// Which events; null is all.
    pub webhook_events: Option<Vec<String>>,
    /// Rate-limit tier.
    pub tier: String,
}

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

/// Keyset pagination.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pagination {
    /// Whether older rows exist.
    pub has_more: bool,
    /// Send it back as `cursor`.
    pub next_cursor: Option<String>,
}

/// A placement's audit trail, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditPage {
    /// The events.
    pub events: Vec<AuditEventView>,
    /// How to go on.
    pub pagination: Pagination,
}

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
}

/// The audit log, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportAuditPage {
    /// The events.
    pub events: Vec<SupportAuditEvent>,
    /// How to go on.
    pub pagination: Pagination,
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

/// The test event that was queued.
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
    /// HTTP status of the receiver, if it has answered yet.
    pub response_status: Option<i32>,
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

/// A node of the live supervision tree.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActorView {
    /// Name within its parent.
    pub name: String,
    /// What it is, e.g. `Writer`.
    pub kind: String,
    /// How often it was restarted.
    pub restarts: u64,
    /// Messages waiting; null where the actor is down.
    pub mailbox: Option<u64>,
    /// `running`, `restarting` or `failed`.
    pub state: String,
    /// What it supervises.
    #[schema(no_recursion)]
    pub children: Vec<ActorView>,
}

/// `/health/deep`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HealthView {
    /// `ok` or `degraded`.
    pub status: String,
    /// `ok` or what failed.
    pub database: String,
    /// `ok` or which actor is down.
    pub actors: String,
}
