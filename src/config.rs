//! The settings of the process: flags, then environment, then a TOML file, then defaults.
//!
//! Owns the source and the validation of each setting. Never interprets a setting: its consumer does. Every error names
//! the variable and says what to do. Never prints a secret.

mod flags;
mod parse;
mod sandbox_secrets;
mod secrets;
mod sources;
mod table;

use std::path::{Path, PathBuf};
use std::time::Duration;

use actors::domain::limits::Tiers;
use actors::domain::retry::RetrySchedule;
use actors::{Mode, ProviderSecrets, Settings, SupportToken, Timeouts};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

pub use self::flags::Flags;

/// A setting that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A variable has an unusable value.
    #[error("{variable}: {problem}")]
    Invalid {
        /// The name of the variable, also if the value comes from a flag or from the TOML file.
        variable: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The TOML file cannot be used.
    #[error("{path}: {problem}")]
    File {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// Everything that `serve` needs.
#[derive(Debug, Clone)]
pub struct Config {
    /// `address:port`; port 0 picks a free one.
    pub listen: String,
    /// Proxies whose `X-Forwarded-For` header is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The file with the support token that the sandbox generated, if it generated one.
    pub support_token_file: Option<PathBuf>,
    /// The settings of the actors.
    pub settings: Settings,
}

impl Config {
    /// Reads all sources. In the sandbox, also generates the secrets that are missing.
    ///
    /// # Errors
    /// [`ConfigError`] for the first setting that cannot be used.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let resolved = sources::resolve(flags, |variable| std::env::var(variable).ok())?;
        parse::config(&resolved)
    }

    /// Describes the settings, one per line, each with its source. Secrets are masked.
    ///
    /// # Errors
    /// [`ConfigError`] when a source cannot be read.
    pub fn describe(flags: &Flags) -> Result<String, ConfigError> {
        let resolved = sources::resolve(flags, |variable| std::env::var(variable).ok())?;
        Ok(resolved.describe())
    }

    /// Reads only the database URL, for `migrate`.
    ///
    /// # Errors
    /// [`ConfigError`] when a source cannot be read.
    pub fn database_url(flags: &Flags) -> Result<SecretString, ConfigError> {
        let resolved = sources::resolve(flags, |variable| std::env::var(variable).ok())?;
        parse::database_url(&resolved)
    }

    /// Returns what the `support` command needs: the URL of the server and the first support token.
    ///
    /// # Errors
    /// [`ConfigError`] when a source cannot be read or no token is known.
    pub fn support_access(flags: &Flags) -> Result<(String, SecretString), ConfigError> {
        let resolved = sources::resolve(flags, |variable| std::env::var(variable).ok())?;
        parse::support_access(&resolved)
    }

    /// Builds the configuration of a sandbox on a free loopback port, for the demo and for tests.
    ///
    /// Reads no source. Adjust [`Config::settings`] as needed before starting the server.
    #[must_use]
    pub fn for_demo(
        database_url: SecretString,
        master_key: SecretString,
        support_token: SecretString,
        providers: ProviderSecrets,
    ) -> Self {
        let settings = Settings {
            mode: Mode::Sandbox,
            lock_file: sqlite_file(database_url.expose_secret())
                .as_deref()
                .map(lock_file),
            database_url,
            database_timeouts: Timeouts::default(),
            master_key,
            support_tokens: vec![SupportToken {
                name: "support".into(),
                token: support_token,
            }],
            providers,
            key_bcrypt_cost: 6,
            password_bcrypt_cost: 6,
            retry_schedule: RetrySchedule::default(),
            delivery_timeout: Duration::from_secs(15),
            payload_days: 30,
            attempt_days: 90,
            webhook_allow: parse::loopback(),
            dns_servers: Vec::new(),
            tiers: Tiers::default(),
            simulator: true,
            user_agent: user_agent(),
        };
        Self {
            listen: "127.0.0.1:0".into(),
            trusted_proxies: Vec::new(),
            support_token_file: None,
            settings,
        }
    }
}

/// The `User-Agent` header of webhook deliveries.
fn user_agent() -> String {
    concat!("partner-api/", env!("CARGO_PKG_VERSION")).to_owned()
}

/// The lock file that a process holds while it owns the SQLite database.
fn lock_file(database: &Path) -> PathBuf {
    suffixed(database, ".lock")
}

/// `dir/name.db` → `dir/name.db<suffix>`.
fn suffixed(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The file of a SQLite URL. `None` for Postgres and for in-memory databases.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite:")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let in_memory =
        path.is_empty() || path == ":memory:" || query.split('&').any(|pair| pair == "mode=memory");
    (!in_memory).then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_url_yields_its_database_file() {
        let file = |url| sqlite_file(url).map(|path| path.display().to_string());
        assert_eq!(
            file("sqlite://partner-api.db?mode=rwc").as_deref(),
            Some("partner-api.db")
        );
        assert_eq!(
            file("sqlite:///var/lib/p.db").as_deref(),
            Some("/var/lib/p.db")
        );
        assert_eq!(file("sqlite:p.db").as_deref(), Some("p.db"));
        for url in [
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://x?mode=memory",
            "postgres://u@h/d",
        ] {
            assert_eq!(file(url), None, "{url}");
        }
    }
}
