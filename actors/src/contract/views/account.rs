//! What a creditor is shown of its account, from sign-up to settings.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// When the key that it replaced stops; absent if that stopped at once, or there was none.
    pub previous_expires_at: Option<String>,
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
    /// `enabled`, `paused` or `disabled`; null without a URL.
    pub webhook_state: Option<&'static str>,
    /// Why it is paused or disabled.
    pub webhook_state_reason: Option<String>,
    /// Rate-limit tier.
    pub tier: String,
    /// When the key was used last, to a few seconds; null if never.
    pub api_key_last_used_at: Option<String>,
    /// The client's address then.
    pub api_key_last_used_from: Option<String>,
}

/// A key, as everybody who is signed in may see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyView {
    /// Public half.
    pub prefix: String,
    /// The key masked, as `ca_<prefix>…`.
    pub masked: String,
    /// `read_write` or `read`.
    pub scope: String,
    /// When it was issued.
    pub created_at: String,
    /// Whether its secret was shown.
    pub revealed: bool,
    /// When it stops; null if it does not.
    pub expires_at: Option<String>,
    /// When it was used last, to a few seconds; null if never.
    pub last_used_at: Option<String>,
    /// The client's address then.
    pub last_used_from: Option<String>,
    /// The networks that may use it; empty is everywhere.
    pub allowed_networks: Vec<String>,
}

/// A creditor's live keys.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Keys)]
pub struct KeysView {
    /// The one that may do everything.
    pub full_access: Option<KeyView>,
    /// The one that it replaced, until its overlap is over.
    pub retiring: Option<KeyView>,
    /// The one for a warehouse.
    pub read_only: Option<KeyView>,
}
