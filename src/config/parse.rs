//! Parses the text of each setting into a typed value.
//!
//! Owns the validation of values. Every error names the variable and says what to write instead.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use actors::domain::retry::RetrySchedule;
use actors::{Mode, ProviderSecrets, Settings, Timeouts};
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

use super::secrets::{self, Secrets};
use super::sources::Resolved;
use super::table::{self, Setting};
use super::{Config, ConfigError};

/// Parses and validates all settings.
pub(super) fn config(resolved: &Resolved) -> Result<Config, ConfigError> {
    let mode = mode(resolved)?;
    let database_url = database_url(resolved)?;
    let file = super::sqlite_file(database_url.expose_secret());
    let secrets = Secrets::resolve(resolved, mode, file.as_deref())?;
    require_explicit_mode(resolved)?;
    let (payload_days, attempt_days) = retention(resolved)?;
    let (retry_schedule, delivery_timeout) = retries(resolved, payload_days)?;
    let settings = Settings {
        mode,
        master_key: secrets.master_key,
        support_tokens: secrets.support_tokens,
        providers: ProviderSecrets {
            stripe: secrets_of(resolved, &table::STRIPE),
            middesk: secrets_of(resolved, &table::MIDDESK),
            docusign: secrets_of(resolved, &table::DOCUSIGN),
        },
        key_bcrypt_cost: cost(resolved, &table::KEY_COST)?,
        password_bcrypt_cost: cost(resolved, &table::PASSWORD_COST)?,
        retry_schedule,
        delivery_timeout,
        payload_days,
        attempt_days,
        webhook_allow: networks(resolved, &table::WEBHOOK_ALLOW)?,
        dns_servers: dns_servers(resolved)?,
        tiers: parsed(resolved, &table::TIERS)?,
        simulator: simulator(resolved, mode)?,
        user_agent: super::user_agent(),
        lock_file: file.as_deref().map(super::lock_file),
        database_url,
        database_timeouts: Timeouts::default(),
    };
    Ok(Config {
        listen: listen(resolved)?,
        trusted_proxies: networks(resolved, &table::TRUSTED_PROXIES)?,
        support_token_file: secrets.file,
        settings,
    })
}

/// The database URL. Only SQLite and Postgres are supported.
pub(super) fn database_url(resolved: &Resolved) -> Result<SecretString, ConfigError> {
    let url = text(resolved, &table::DATABASE_URL);
    let known = ["sqlite:", "postgres:", "postgresql:"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if !known {
        return Err(table::DATABASE_URL.invalid(
            "must begin with sqlite: or postgres:, e.g. sqlite://partner-api.db?mode=rwc",
        ));
    }
    Ok(url.into())
}

/// The base URL of the server and the support token, for the `support` command.
pub(super) fn support_access(resolved: &Resolved) -> Result<(String, SecretString), ConfigError> {
    let file = super::sqlite_file(database_url(resolved)?.expose_secret());
    let token = secrets::first_support_token(resolved, file.as_deref())?;
    Ok((format!("http://{}", listen(resolved)?), token))
}

/// The networks that the sandbox may reach by default.
pub(super) fn loopback() -> Vec<IpNet> {
    ["127.0.0.0/8", "::1/128"]
        .iter()
        .filter_map(|network| network.parse().ok())
        .collect()
}

fn mode(resolved: &Resolved) -> Result<Mode, ConfigError> {
    match text(resolved, &table::MODE).as_str() {
        "sandbox" => Ok(Mode::Sandbox),
        "production" => Ok(Mode::Production),
        _ => Err(table::MODE.invalid("must be sandbox or production")),
    }
}

/// An operator who makes the server reachable from outside must have decided whether it is a sandbox.
fn require_explicit_mode(resolved: &Resolved) -> Result<(), ConfigError> {
    let address = listen(resolved)?;
    let host = address.rsplit_once(':').map_or("", |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    };
    if is_loopback || !resolved.is_default(&table::MODE) {
        return Ok(());
    }
    Err(table::MODE.invalid(format!(
        "must be set to sandbox or production, because the listen address {address} is not loopback"
    )))
}

fn listen(resolved: &Resolved) -> Result<String, ConfigError> {
    let address = text(resolved, &table::LISTEN);
    let port = address
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty())
        .and_then(|(_, port)| port.parse::<u16>().ok());
    match port {
        Some(_) => Ok(address),
        None => Err(table::LISTEN.invalid("must be address:port, e.g. 127.0.0.1:8080")),
    }
}

fn cost(resolved: &Resolved, setting: &Setting) -> Result<u32, ConfigError> {
    let cost = text(resolved, setting)
        .parse()
        .ok()
        .filter(|cost| (4..=31).contains(cost));
    cost.ok_or_else(|| setting.invalid("must be a bcrypt cost, a whole number from 4 to 31"))
}

/// The retention of payloads and of attempts, in days. Payloads outlive the retry schedule, and attempts are kept at
/// least as long as payloads.
fn retention(resolved: &Resolved) -> Result<(u32, u32), ConfigError> {
    let payloads = days(resolved, &table::PAYLOAD_RETENTION)?;
    let attempts = days(resolved, &table::ATTEMPT_RETENTION)?;
    if attempts < payloads {
        let problem = "must be at least as long as payload_retention";
        return Err(table::ATTEMPT_RETENTION.invalid(problem));
    }
    Ok((payloads, attempts))
}

/// The retry schedule and the time limit of an attempt. The last attempt must still find the payload.
fn retries(
    resolved: &Resolved,
    payload_days: u32,
) -> Result<(RetrySchedule, Duration), ConfigError> {
    const DAY_MS: i64 = 86_400_000;
    let schedule: RetrySchedule = parsed(resolved, &table::RETRY_SCHEDULE)?;
    let timeout = timeout(resolved)?;
    let longest_ms = schedule.longest_after(0, timeout);
    if longest_ms > i64::from(payload_days) * DAY_MS {
        return Err(table::RETRY_SCHEDULE.invalid(format!(
            "can take {:.1} days with jitter and time-outs, but payload_retention keeps payloads for {payload_days} days: \
             shorten the schedule or keep payloads longer",
            longest_ms as f64 / DAY_MS as f64
        )));
    }
    Ok((schedule, timeout))
}

fn days(resolved: &Resolved, setting: &Setting) -> Result<u32, ConfigError> {
    let text = text(resolved, setting);
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    let days = days.filter(|days| (7..=3_650).contains(days));
    days.ok_or_else(|| setting.invalid("must be whole days from 7d to 3650d, e.g. 30d"))
}

fn timeout(resolved: &Resolved) -> Result<Duration, ConfigError> {
    let problem = "must be a duration up to 5m, e.g. 15s or 500ms";
    let text = text(resolved, &table::DELIVERY_TIMEOUT);
    let unit_at = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => 0,
    };
    let ms = number.parse::<u64>().unwrap_or(0).saturating_mul(unit_ms);
    if (1..=300_000).contains(&ms) {
        Ok(Duration::from_millis(ms))
    } else {
        Err(table::DELIVERY_TIMEOUT.invalid(problem))
    }
}

fn networks(resolved: &Resolved, setting: &Setting) -> Result<Vec<IpNet>, ConfigError> {
    let text = resolved.get(setting).unwrap_or_default();
    let entries = text
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    let network = |entry: &str| {
        let parsed = entry
            .parse::<IpNet>()
            .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from));
        parsed.map_err(|_| {
            setting.invalid(format!(
                "`{entry}` is not a network; write e.g. 10.0.0.0/8,::1/128"
            ))
        })
    };
    entries.map(network).collect()
}

fn dns_servers(resolved: &Resolved) -> Result<Vec<SocketAddr>, ConfigError> {
    let setting = &table::DNS_SERVERS;
    let text = resolved.get(setting).unwrap_or_default();
    let entries = text
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    let server = |entry: &str| {
        let parsed = entry
            .parse::<SocketAddr>()
            .or_else(|_| entry.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)));
        parsed.map_err(|_| {
            setting.invalid(format!(
                "`{entry}` is not an address; write e.g. 10.0.0.2 or 10.0.0.2:53"
            ))
        })
    };
    entries.map(server).collect()
}

fn simulator(resolved: &Resolved, mode: Mode) -> Result<bool, ConfigError> {
    let enabled = match text(resolved, &table::SIMULATOR)
        .to_ascii_lowercase()
        .as_str()
    {
        "on" | "true" | "1" | "yes" => true,
        "off" | "false" | "0" | "no" => false,
        _ => return Err(table::SIMULATOR.invalid("must be on or off")),
    };
    if enabled && mode == Mode::Production {
        return Err(table::SIMULATOR
            .invalid("must be off in production: placements there belong to real debtors"));
    }
    Ok(enabled)
}

fn parsed<T: FromStr<Err: Display>>(
    resolved: &Resolved,
    setting: &Setting,
) -> Result<T, ConfigError> {
    text(resolved, setting)
        .parse()
        .map_err(|error: T::Err| setting.invalid(error.to_string()))
}

/// Several secrets, separated by commas.
fn secrets_of(resolved: &Resolved, setting: &Setting) -> Vec<SecretString> {
    let text = resolved.get(setting).unwrap_or_default();
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(SecretString::from)
        .collect()
}

fn text(resolved: &Resolved, setting: &Setting) -> String {
    resolved.get(setting).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
