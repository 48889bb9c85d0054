//! The master key and the support tokens: given, or in the sandbox generated.
//!
//! Owns what each mode demands of them. Never prints one.

use std::path::{Path, PathBuf};

use actors::{Mode, SupportToken};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::sources::{self, Resolved};
use super::{ConfigError, parse::invalid, sandbox_secrets};

/// Below this a token can be guessed.
const PRODUCTION_TOKEN_MIN: usize = 16;
/// The actor in the audit log where a token has no name.
const DEFAULT_NAME: &str = "support";

/// What a server cannot run without.
pub(super) struct Secrets {
    pub(super) master_key: SecretString,
    pub(super) support_tokens: Vec<SupportToken>,
    /// Where the support token is kept, if it was generated.
    pub(super) file: Option<PathBuf>,
}

impl Secrets {
    /// As given; what is missing is made in the sandbox and refused in production.
    pub(super) fn resolve(
        resolved: &Resolved,
        mode: Mode,
        database: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let key = resolved.get(&sources::MASTER_KEY).map(master_key);
        let tokens = resolved
            .get(&sources::SUPPORT_TOKEN)
            .map(|text| support_tokens(text, mode));
        match (key.transpose()?, tokens.transpose()?) {
            (Some(master_key), Some(support_tokens)) => Ok(Self {
                master_key,
                support_tokens,
                file: None,
            }),
            (key, tokens) if mode == Mode::Sandbox => Self::complete(key, tokens, database),
            (None, _) => Err(invalid(
                &sources::MASTER_KEY,
                "is required in production: 32 random bytes in base64, e.g. from openssl rand -base64 32",
            )),
            (_, None) => Err(invalid(
                &sources::SUPPORT_TOKEN,
                "is required in production: one token, or name:token,… for several people",
            )),
        }
    }

    fn complete(
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

/// The token that the `support` command calls with: the first that is given, or the sandbox's own.
pub(super) fn first_support_token(
    resolved: &Resolved,
    database: Option<&Path>,
) -> Result<SecretString, ConfigError> {
    let tokens = match resolved.get(&sources::SUPPORT_TOKEN) {
        Some(text) => support_tokens(text, Mode::Sandbox)?,
        None => sandbox_secrets::read(database)?
            .map(|generated| unnamed(generated.support_token))
            .into_iter()
            .collect(),
    };
    let first = tokens.into_iter().next().map(|first| first.token);
    first.ok_or_else(|| {
        invalid(
            &sources::SUPPORT_TOKEN,
            "is not set, and no sandbox has generated one here; set it to the server's token",
        )
    })
}

/// 32 bytes in base64.
pub(super) fn master_key(text: &str) -> Result<SecretString, ConfigError> {
    match STANDARD.decode(text.trim()) {
        Ok(bytes) if bytes.len() == 32 => Ok(text.trim().into()),
        _ => Err(invalid(
            &sources::MASTER_KEY,
            "must be 32 bytes in base64, e.g. from openssl rand -base64 32",
        )),
    }
}

fn support_tokens(text: &str, mode: Mode) -> Result<Vec<SupportToken>, ConfigError> {
    let refuse = |problem: &str| Err(invalid(&sources::SUPPORT_TOKEN, problem));
    let mut tokens: Vec<SupportToken> = Vec::new();
    let entries = text.split(',').map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        let (name, token) = entry.split_once(':').unwrap_or((DEFAULT_NAME, entry));
        let twice = |known: &SupportToken| known.token.expose_secret() == token;
        if name.is_empty() || token.is_empty() || token.contains(char::is_whitespace) {
            return refuse("must be one token, or several as name:token,name:token");
        }
        if mode == Mode::Production && token.len() < PRODUCTION_TOKEN_MIN {
            return refuse("is too short for production: use at least 16 characters per token");
        }
        if tokens.iter().any(twice) {
            return refuse("holds the same token twice: give every person an own one");
        }
        tokens.push(SupportToken {
            name: name.to_owned(),
            token: token.into(),
        });
    }
    if tokens.is_empty() {
        return refuse("must hold at least one token");
    }
    Ok(tokens)
}

fn unnamed(token: SecretString) -> SupportToken {
    SupportToken {
        name: DEFAULT_NAME.to_owned(),
        token,
    }
}
