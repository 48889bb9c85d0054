//! The views of a creditor's account, from sign-up to settings.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A summary of a creditor.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreditorView {
    /// Creditor id.
    pub id: Uuid,
    /// Company name.
    pub name: String,
    /// `pending_signup`, `in_review`, `verified`, `rejected` or `suspended`.
    pub status: String,
}

/// The result of a sign-up. The token is shown only once.
#[derive(Debug)]
pub struct SignedUp {
    /// The new creditor.
    pub creditor: CreditorView,
    /// Bearer token for the onboarding routes.
    pub onboarding_token: SecretString,
    /// When the token expires.
    pub expires_at: String,
}

/// The result of a sign-in. The token is shown only once.
#[derive(Debug)]
pub struct SignedIn {
    /// Bearer token of the dashboard session.
    pub session_token: SecretString,
    /// When the session expires at the latest.
    pub expires_at: String,
    /// The creditor that signed in.
    pub creditor: CreditorView,
}

/// A new API key in clear text. It is shown only once, because only its hash is stored.
#[derive(Debug)]
pub struct RevealedKey {
    /// The complete key.
    pub api_key: SecretString,
    /// The public prefix of the key.
    pub prefix: String,
    /// When the key was issued.
    pub created_at: String,
    /// When the replaced key stops working. Absent if it stopped at once or there was none.
    pub previous_expires_at: Option<String>,
}

/// The state of one onboarding gate.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GateStatus {
    /// `kyb_verified`, `payouts_enabled` or `msa_on_file`.
    pub gate: String,
    /// Whether the gate has passed.
    pub passed: bool,
    /// Whether two provider events with the same timestamp contradict each other.
    pub unconfirmed: bool,
    /// When the gate last changed, or null if never.
    pub changed_at: Option<String>,
}

/// The status of the creditor's API key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeyStatus {
    /// Whether a live full-access key exists.
    pub issued: bool,
    /// The public prefix of the key.
    pub prefix: Option<String>,
    /// Whether the key was revealed.
    pub revealed: bool,
    /// When the key was issued.
    pub issued_at: Option<String>,
}

/// The status of onboarding.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OnboardingStatus {
    /// Account status.
    pub status: String,
    /// All three gates.
    pub gates: Vec<GateStatus>,
    /// The names of the gates that have not passed.
    pub pending: Vec<String>,
    /// The API key.
    pub api_key: KeyStatus,
}

/// One step of the setup checklist.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetupItem {
    /// `company_details`, `business_verification`, `payout_account` or `agreement`.
    pub step: String,
    /// Whether the step is complete.
    pub done: bool,
    /// The fields or facts that are still missing.
    pub missing: Vec<String>,
    /// Where the creditor completes the step, or null if a provider reports it.
    pub url: Option<String>,
}

/// The setup checklist.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetupView {
    /// The first incomplete step, or null.
    pub next_step: Option<String>,
    /// The steps in order.
    pub items: Vec<SetupItem>,
    /// The saved company details. The EIN is never returned.
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
    /// Two-letter code of the state.
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
    /// Two-letter code of the country.
    pub country: String,
}

/// The current Master Services Agreement.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgreementView {
    /// The version. Send it when you accept the agreement.
    pub version: String,
    /// The complete text.
    pub text: String,
    /// Whether the creditor has accepted this version.
    pub accepted: bool,
    /// When the creditor accepted it, or null.
    pub accepted_at: Option<String>,
}

/// The creditor's settings.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SettingsView {
    /// Creditor id.
    pub id: Uuid,
    /// Company name.
    pub name: String,
    /// Account status.
    pub status: String,
    /// Whether the gate `kyb_verified` has passed.
    pub kyb_cleared: bool,
    /// Whether the gate `payouts_enabled` has passed.
    pub payouts_enabled: bool,
    /// Whether the gate `msa_on_file` has passed.
    pub msa_accepted: bool,
    /// Public prefix of the live full-access key.
    pub api_key_prefix: Option<String>,
    /// The live full-access key, masked as `ca_<prefix>…`.
    pub api_key: Option<String>,
    /// Whether the account allows outreach.
    pub outreach_ready: bool,
    /// Why the account does not allow outreach, or null.
    pub outreach_blocked_reason: Option<String>,
    /// Posture of new placements: `preserve` or `escalate`.
    pub posture_default: String,
    /// The URL of the primary webhook endpoint.
    pub webhook_url: Option<String>,
    /// The event types that the primary endpoint receives. Null means all.
    pub webhook_events: Option<Vec<String>>,
    /// `enabled`, `paused` or `disabled`. Null without a URL.
    pub webhook_state: Option<&'static str>,
    /// Why the endpoint is paused or disabled.
    pub webhook_state_reason: Option<String>,
    /// Rate-limit tier.
    pub tier: String,
    /// When the key was last used, accurate to a few seconds. Null if never.
    pub api_key_last_used_at: Option<String>,
    /// The client's address at the last use.
    pub api_key_last_used_from: Option<String>,
}

/// An API key without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyView {
    /// Public prefix.
    pub prefix: String,
    /// The key masked as `ca_<prefix>…`.
    pub masked: String,
    /// `read_write` or `read`.
    pub scope: String,
    /// When the key was issued.
    pub created_at: String,
    /// Whether the key was revealed.
    pub revealed: bool,
    /// When the key expires. Null if it does not.
    pub expires_at: Option<String>,
    /// When the key was last used, accurate to a few seconds. Null if never.
    pub last_used_at: Option<String>,
    /// The client's address at the last use.
    pub last_used_from: Option<String>,
    /// The networks from which the key may be used. Empty means all.
    pub allowed_networks: Vec<String>,
}

/// A creditor's live keys.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Keys)]
pub struct KeysView {
    /// The full-access key.
    pub full_access: Option<KeyView>,
    /// The replaced full-access key, until its overlap ends.
    pub retiring: Option<KeyView>,
    /// The read-only key, for example for a data warehouse.
    pub read_only: Option<KeyView>,
}
