//! The resolved and validated settings of the platform.
//!
//! This module never reads flags, environment variables or files; the server crate resolves them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use entities::Timeouts;
use entities::ids::MessageId;
use ipnet::IpNet;
use secrecy::SecretString;

use crate::domain::limits::Tiers;
use crate::domain::retry_schedule::RetrySchedule;
use crate::domain::safe_address::AddressPolicy;

/// The mode of the process: sandbox or production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For developers of partners: generated secrets, loopback webhooks, simulated operations.
    Sandbox,
    /// For real debts: every secret must be configured, and webhooks must be public and use HTTPS.
    Production,
}

impl Mode {
    /// The name in the settings and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }
}

/// Signing secrets of inbound provider events, of which any may match. A provider without a secret is disabled.
#[derive(Debug, Clone, Default)]
pub struct ProviderSecrets {
    /// Stripe Connect endpoint secrets.
    pub stripe: Vec<SecretString>,
    /// Middesk webhook secrets.
    pub middesk: Vec<SecretString>,
    /// DocuSign Connect HMAC keys.
    pub docusign: Vec<SecretString>,
}

/// A support token and the name of its holder.
#[derive(Debug, Clone)]
pub struct SupportToken {
    /// The name that the audit log shows as the actor.
    pub name: String,
    /// The bearer token.
    pub token: SecretString,
}

/// The settings with which the platform starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Sandbox or production.
    pub mode: Mode,
    /// `sqlite:` or `postgres:` URL. It may contain a password, so it is never logged.
    pub database_url: SecretString,
    /// The longest waits for the database.
    pub database_timeouts: Timeouts,
    /// Key that encrypts secrets at rest: 32 bytes in base64.
    pub master_key: SecretString,
    /// Tokens that give access to the support API.
    pub support_tokens: Vec<SupportToken>,
    /// Signing secrets of inbound provider events.
    pub providers: ProviderSecrets,
    /// bcrypt cost of key secrets.
    pub key_bcrypt_cost: u32,
    /// bcrypt cost of passwords.
    pub password_bcrypt_cost: u32,
    /// Waits between delivery attempts.
    pub retry_schedule: RetrySchedule,
    /// Timeout of one delivery attempt, including connect, headers and body.
    pub delivery_timeout: Duration,
    /// Days for which event payloads and undelivered deliveries are kept.
    pub payload_days: u32,
    /// Days for which delivery attempts are kept.
    pub attempt_days: u32,
    /// Private networks that deliveries may reach.
    pub webhook_allow: Vec<IpNet>,
    /// Name servers for the hosts of webhooks. Without any, those of the operating system are asked.
    pub dns_servers: Vec<SocketAddr>,
    /// Rate limits by tier.
    pub tiers: Tiers,
    /// Whether the simulator acts as the operations team on placements.
    pub simulator: bool,
    /// `User-Agent` of deliveries: `partner-api/<version>`.
    pub user_agent: String,
    /// Path of the SQLite lock file; `None` on Postgres.
    pub lock_file: Option<PathBuf>,
}

impl Settings {
    /// Until when the payload of a message is kept, in Unix epoch milliseconds. The id contains the time of the event.
    pub(crate) fn payload_kept_until_ms(&self, message: MessageId) -> i64 {
        let created_s = message.0.get_timestamp().map_or(0, |at| at.to_unix().0);
        let days_s = u64::from(self.payload_days) * 86_400;
        i64::try_from((created_s + days_s) * 1_000).unwrap_or(i64::MAX)
    }

    /// Which addresses deliveries may reach. The sandbox allows loopback if `webhook_allow` is empty.
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
