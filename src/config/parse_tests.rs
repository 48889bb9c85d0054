//! Tests of the validation of settings.

use super::*;
use crate::config::{Flags, sources};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn with(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut all = vec![
        ("PARTNER_API_MASTER_KEY", KEY),
        ("PARTNER_API_SUPPORT_TOKEN", "a-long-support-token"),
    ];
    all.extend_from_slice(pairs);
    let lookup = |name: &str| {
        all.iter()
            .rev()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    config(&sources::resolve(&Flags::default(), lookup).unwrap())
}

fn error_text(pairs: &[(&str, &str)]) -> String {
    with(pairs).unwrap_err().to_string()
}

#[test]
fn sandbox_uses_defaults() {
    let config = with(&[]).unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080");
    assert_eq!(config.settings.mode, Mode::Sandbox);
    assert_eq!(config.settings.webhook_allow, loopback());
    assert_eq!(config.settings.delivery_timeout, Duration::from_secs(15));
    assert_eq!(config.settings.support_tokens[0].name, "support");
    assert_eq!(
        config.settings.lock_file.unwrap().to_str(),
        Some("partner-api.db.lock")
    );
    assert!(config.settings.simulator);
}

#[test]
fn production_requires_secrets_and_no_simulator() {
    let production = ("PARTNER_API_MODE", "production");
    let config = with(&[production, ("DATABASE_URL", "postgres://u@h/d")]).unwrap();
    assert!(
        config.settings.webhook_allow.is_empty()
            && !config.settings.simulator
            && config.settings.lock_file.is_none()
    );
    assert!(
        error_text(&[production, ("PARTNER_API_MASTER_KEY", "")])
            .starts_with("PARTNER_API_MASTER_KEY: is required")
    );
    assert!(
        error_text(&[production, ("PARTNER_API_SUPPORT_TOKEN", "")])
            .starts_with("PARTNER_API_SUPPORT_TOKEN: is required")
    );
    assert!(
        error_text(&[production, ("PARTNER_API_SUPPORT_TOKEN", "short")]).contains("too short")
    );
    assert!(
        error_text(&[production, ("PARTNER_API_SIMULATOR", "on")])
            .starts_with("PARTNER_API_SIMULATOR: must be off")
    );
}

#[test]
fn every_error_names_its_variable() {
    for (variable, value) in [
        ("PARTNER_API_LISTEN", "8080"),
        ("DATABASE_URL", "mysql://x"),
        ("PARTNER_API_MODE", "prod"),
        ("PARTNER_API_MASTER_KEY", "c2hvcnQ="),
        ("PARTNER_API_SUPPORT_TOKEN", "ann:"),
        ("PARTNER_API_KEY_BCRYPT_COST", "3"),
        ("PARTNER_API_PASSWORD_BCRYPT_COST", "x"),
        ("PARTNER_API_RETRY_SCHEDULE", "5"),
        ("PARTNER_API_RETRY_SCHEDULE", "7d,7d,7d,7d,7d"),
        ("PARTNER_API_DELIVERY_TIMEOUT", "15"),
        ("PARTNER_API_WEBHOOK_ALLOW", "10.0.0.0/99"),
        ("PARTNER_API_TIERS", "standard"),
        ("PARTNER_API_SIMULATOR", "maybe"),
    ] {
        assert!(
            error_text(&[(variable, value)]).starts_with(variable),
            "{variable}"
        );
    }
}

#[test]
fn several_support_tokens_have_names() {
    let config = with(&[(
        "PARTNER_API_SUPPORT_TOKEN",
        "ann:token-of-ann, bob:token-of-bob",
    )])
    .unwrap();
    let names: Vec<_> = config
        .settings
        .support_tokens
        .iter()
        .map(|token| token.name.as_str())
        .collect();
    assert_eq!(names, ["ann", "bob"]);
    assert!(error_text(&[("PARTNER_API_SUPPORT_TOKEN", "ann:x,bob:x")]).contains("twice"));
}
