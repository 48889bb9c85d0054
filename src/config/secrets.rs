//! The master key and the support tokens: from the settings, or generated in the sandbox.
//!
//! Owns the requirements of each mode. Never prints a secret.

use std::path::{Path, PathBuf};

use actors::{Mode, SupportToken};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::sources::Resolved;
use super::table;
use super::{ConfigError, sandbox_secrets};

/// Minimum length of a support token in production, in bytes. A shorter token can be guessed.
const PRODUCTION_TOKEN_MIN: usize = 16;
/// The actor in the audit log for a token without a name.
const DEFAULT_NAME: &str = "support";

/// The secrets that every server needs.
pub(super) struct Secrets {
    pub(super) master_key: SecretString,
    pub(super) support_tokens: Vec<SupportToken>,
    /// The file with the support token, if the sandbox generated it.
    pub(super) file: Option<PathBuf>,
}

impl Secrets {
    /// Reads the secrets from the settings. A missing secret is generated in the sandbox and is an error in production.
    pub(super) fn resolve(
        resolved: &Resolved,
        mode: Mode,
        database: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let key = resolved.get(&table::MASTER_KEY).map(master_key);
        let tokens = resolved
            .get(&table::SUPPORT_TOKEN)
            .map(|text| support_tokens(text, mode));
        match (key.transpose()?, tokens.transpose()?) {
            (Some(master_key), Some(support_tokens)) => Ok(Self {
                master_key,
                support_tokens,
                file: None,
            }),
            (key, tokens) if mode == Mode::Sandbox => Self::or_generated(key, tokens, database),
            (None, _) => Err(table::MASTER_KEY.invalid(
                "is required in production: 32 random bytes in base64, e.g. from openssl rand -base64 32",
            )),
            (_, None) => Err(table::SUPPORT_TOKEN.invalid(
                "is required in production: one token, or name:token,… for several people",
            )),
        }
    }

    fn or_generated(
        key: Option<SecretString>,
        tokens: Option<Vec<SupportToken>>,
        database: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let generated = sandbox_secrets::read_or_generate(database)?;
        Ok(Self {
            master_key: key.unwrap_or(generated.master_key),
            file: tokens.is_none().then_some(generated.file),
            support_tokens: tokens.unwrap_or_else(|| vec![unnamed(generated.support_token)]),
        })
    }
}

/// The token for the `support` command: the first one in the settings, or the one that the sandbox generated.
pub(super) fn first_support_token(
    resolved: &Resolved,
    database: Option<&Path>,
) -> Result<SecretString, ConfigError> {
    let tokens = match resolved.get(&table::SUPPORT_TOKEN) {
        Some(text) => support_tokens(text, Mode::Sandbox)?,
        None => sandbox_secrets::read(database)?
            .map(|generated| unnamed(generated.support_token))
            .into_iter()
            .collect(),
    };
    let first = tokens.into_iter().next().map(|first| first.token);
    first.ok_or_else(|| {
        table::SUPPORT_TOKEN.invalid(
            "is not set, and no sandbox has generated one here; set it to the server's token",
        )
    })
}

/// Checks a master key: 32 bytes in base64.
pub(super) fn master_key(text: &str) -> Result<SecretString, ConfigError> {
    match STANDARD.decode(text.trim()) {
        Ok(bytes) if bytes.len() == 32 => Ok(text.trim().into()),
        _ => Err(table::MASTER_KEY
            .invalid("must be 32 bytes in base64, e.g. from openssl rand -base64 32")),
    }
}

fn support_tokens(text: &str, mode: Mode) -> Result<Vec<SupportToken>, ConfigError> {
    let reject = |problem: &str| Err(table::SUPPORT_TOKEN.invalid(problem));
    let mut tokens: Vec<SupportToken> = Vec::new();
    let entries = text.split(',').map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        let (name, token) = entry.split_once(':').unwrap_or((DEFAULT_NAME, entry));
        let is_duplicate = |known: &SupportToken| known.token.expose_secret() == token;
        if name.is_empty() || token.is_empty() || token.contains(char::is_whitespace) {
            return reject("must be one token, or several as name:token,name:token");
        }
        if mode == Mode::Production && token.len() < PRODUCTION_TOKEN_MIN {
            return reject("is too short for production: use at least 16 characters per token");
        }
        if tokens.iter().any(is_duplicate) {
            return reject("contains the same token twice: give each person a separate token");
        }
        tokens.push(SupportToken {
            name: name.to_owned(),
            token: token.into(),
        });
    }
    if tokens.is_empty() {
        return reject("must contain at least one token");
    }
    Ok(tokens)
}

fn unnamed(token: SecretString) -> SupportToken {
    SupportToken {
        name: DEFAULT_NAME.to_owned(),
        token,
    }
}
