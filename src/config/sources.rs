//! The sources of settings and their precedence.
//!
//! The precedence is flag, environment, file, default. Never interprets a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::table::{ALL, MODE, Setting};
use super::{ConfigError, Flags};

/// The value and the source of every setting that is set.
pub(super) struct Resolved(BTreeMap<&'static str, (String, &'static str)>);

impl Resolved {
    /// The value from the source with the highest precedence. `None` if the setting is not set.
    pub(super) fn get(&self, setting: &Setting) -> Option<&str> {
        self.0.get(setting.key).map(|(value, _)| value.as_str())
    }

    /// Whether no source sets the value.
    pub(super) fn is_default(&self, setting: &Setting) -> bool {
        self.0
            .get(setting.key)
            .is_none_or(|(_, source)| *source == "default")
    }

    /// Describes each setting in one line: `key = "value"  # source`. Secrets are masked.
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        for setting in ALL {
            let line = match self.0.get(setting.key) {
                Some((_, source)) if setting.is_secret && *source != "default" => {
                    format!("{} = \"***\"  # {source}", setting.key)
                }
                Some((value, source)) => format!("{} = {value:?}  # {source}", setting.key),
                None => format!("# {} is not set ({})", setting.key, setting.variable),
            };
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

/// Reads all sources. An empty value counts as not set, because scripts often export empty variables.
pub(super) fn resolve(
    flags: &Flags,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Resolved, ConfigError> {
    let file = flags
        .config
        .as_deref()
        .map(read_file)
        .transpose()?
        .unwrap_or_default();
    let mut values: BTreeMap<&'static str, (String, &'static str)> = BTreeMap::new();
    for setting in ALL {
        let production = values
            .get(MODE.key)
            .is_some_and(|(mode, _)| mode == "production");
        let candidates = [
            (flags.value(setting.key).map(ToOwned::to_owned), "flag"),
            (environment(setting.variable), "environment"),
            (file.get(setting.key).cloned(), "file"),
            (
                setting.default_text(production).map(ToOwned::to_owned),
                "default",
            ),
        ];
        let winner = candidates.into_iter().find_map(|(value, source)| {
            Some((value?, source)).filter(|(value, _)| !value.trim().is_empty())
        });
        if let Some(winner) = winner {
            values.insert(setting.key, winner);
        }
    }
    Ok(Resolved(values))
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let refuse = |problem: String| ConfigError::File {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| refuse(format!("cannot be read: {error}")))?;
    parse_file(&text).map_err(refuse)
}

fn parse_file(text: &str) -> Result<BTreeMap<String, String>, String> {
    // The parser's full error quotes the line, which may contain a secret.
    let table: toml::Table = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => format!(
            "is not TOML: line {}: {}",
            text[..span.start].lines().count().max(1),
            error.message()
        ),
        None => "is not TOML".to_owned(),
    })?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        if !ALL.iter().any(|setting| setting.key == key) {
            let known = ALL
                .iter()
                .map(|setting| setting.key)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(format!("unknown key {key}; known keys are {known}"));
        }
        let value = plain(&value).ok_or_else(|| {
            format!("{key} must be a string, a number, true, false, or an array of them")
        })?;
        values.insert(key, value);
    }
    Ok(values)
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => items
            .iter()
            .map(plain)
            .collect::<Option<Vec<_>>>()
            .map(|items| items.join(",")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{KEY_COST, LISTEN, MASTER_KEY, PASSWORD_COST};
    use super::*;

    fn with_file(text: &str) -> (tempfile::TempDir, Flags) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.toml");
        std::fs::write(&path, text).unwrap();
        (
            directory,
            Flags {
                config: Some(path),
                ..Flags::default()
            },
        )
    }

    #[test]
    fn precedence_is_flag_environment_file_default() {
        let (_directory, mut flags) =
            with_file("mode = \"from-file\"\nkey_bcrypt_cost = 7\nlisten = \"file:1\"");
        flags.values.insert("listen", "flag:1".into());
        let environment = |name: &str| {
            (name != "PARTNER_API_KEY_BCRYPT_COST")
                .then(|| format!("env:{name}"))
                .filter(|_| name.ends_with("MODE") || name.ends_with("LISTEN"))
        };
        let resolved = resolve(&flags, environment).unwrap();
        assert_eq!(resolved.get(&LISTEN), Some("flag:1"));
        assert_eq!(resolved.get(&MODE), Some("env:PARTNER_API_MODE"));
        assert_eq!(resolved.get(&KEY_COST), Some("7"));
        assert_eq!(resolved.get(&PASSWORD_COST), Some("12"));
        assert_eq!(resolved.get(&MASTER_KEY), None);
    }

    #[test]
    fn empty_variable_counts_as_not_set() {
        let resolved = resolve(&Flags::default(), |_| Some(" ".into())).unwrap();
        assert_eq!(resolved.get(&LISTEN), Some("127.0.0.1:8080"));
    }

    #[test]
    fn description_masks_secrets() {
        let resolved = resolve(&Flags::default(), |name| {
            (name == MASTER_KEY.variable).then(|| "top-secret".into())
        })
        .unwrap();
        let text = resolved.describe();
        assert!(
            text.contains("master_key = \"***\"  # environment"),
            "{text}"
        );
        assert!(!text.contains("top-secret"));
        assert!(text.contains("listen = \"127.0.0.1:8080\"  # default"));
    }

    #[test]
    fn file_error_names_key_and_omits_value() {
        assert!(
            parse_file("lisen = \"x\"")
                .unwrap_err()
                .contains("unknown key lisen")
        );
        let error = parse_file("listen = \"ok\"\nmaster_key = \"secret").unwrap_err();
        assert!(
            error.contains("line 2") && !error.contains("\"secret"),
            "{error}"
        );
        assert_eq!(
            parse_file("webhook_allow = [\"10.0.0.0/8\", \"::1/128\"]").unwrap()["webhook_allow"],
            "10.0.0.0/8,::1/128"
        );
    }
}
