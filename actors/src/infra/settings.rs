//! What the actors need to know to start: the resolved, validated settings.
//!
//! Where a setting comes from (flag, environment, file, default) is the front's business.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

use crate::domain::limits::Tiers;
use crate::domain::retry_schedule::RetrySchedule;
use crate::domain::safe_address::AddressPolicy;

/// Whose money is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For a partner's developer: generated secrets, loopback webhooks, simulated operations.
    Sandbox,
    /// For real: every secret must be given, webhooks must be public and https.
    Production,
}

/// Signing secrets of the inbound provider events; a provider without one is switched off.
#[derive(Debug, Clone, Default)]
pub struct ProviderSecrets {
    /// Stripe Connect endpoint secret.
    pub stripe: Option<SecretString>,
    /// Middesk webhook secret.
    pub middesk: Option<SecretString>,
    /// DocuSign Connect HMAC key.
    pub docusign: Option<SecretString>,
}

/// A support token and the name it acts under.
#[derive(Debug, Clone)]
pub struct SupportToken {
    /// The actor in the audit log.
    pub name: String,
    /// The bearer token.
    pub token: SecretString,
}

/// Everything that the actors are told at start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Sandbox or production.
    pub mode: Mode,
    /// `sqlite:` or `postgres:` URL; may hold a password, so it is never logged.
    pub database_url: SecretString,
    /// 32 bytes, base64: encrypts webhook secrets at rest.
    pub master_key: SecretString,
    /// Who may use the support API.
    pub support_tokens: Vec<SupportToken>,
    /// Inbound signing secrets.
    pub providers: ProviderSecrets,
    /// bcrypt cost of key secrets.
    pub key_bcrypt_cost: u32,
    /// bcrypt cost of passwords.
    pub password_bcrypt_cost: u32,
    /// Waits between delivery attempts.
    pub retry_schedule: RetrySchedule,
    /// One whole delivery attempt: connect, headers and body.
    pub delivery_timeout: Duration,
    /// Days for which events' payloads are kept, and with them what did not arrive.
    pub payload_days: u32,
    /// Days for which delivery attempts are kept.
    pub attempt_days: u32,
    /// Networks that deliveries may reach although they are not public.
    pub webhook_allow: Vec<IpNet>,
    /// Rate limits by tier.
    pub tiers: Tiers,
    /// Whether the simulator plays operations.
    pub simulator: bool,
    /// `User-Agent` of deliveries: `partner-api/<version>`.
    pub user_agent: String,
    /// Where the SQLite file lock is held; `None` on Postgres.
    pub lock_file: Option<PathBuf>,
}

impl Settings {
    /// Where outbound delivery may go under these settings. The sandbox may reach its own machine.
    pub(crate) fn address_policy(&self) -> AddressPolicy {
        let production = self.mode == Mode::Production;
        let mut allow = self.webhook_allow.clone();
        if !production && allow.is_empty() {
            let loopback = ["127.0.0.0/8", "::1/128"];
            allow.extend(
                loopback
                    .iter()
                    .filter_map(|network| network.parse::<IpNet>().ok()),
            );
        }
        AddressPolicy { production, allow }
    }
}
