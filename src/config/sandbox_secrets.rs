//! The secrets that a sandbox makes for itself, once, so that a first start needs no setup.
//!
//! Owns one file, readable by its owner alone, beside the SQLite database (in the working directory where there is none).
//! Never used in production, never overwritten.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::ConfigError;

/// What was generated, now or at an earlier start.
pub(super) struct Generated {
    pub(super) master_key: SecretString,
    pub(super) support_token: SecretString,
    pub(super) file: PathBuf,
}

/// The secrets of the sandbox whose database this is, made if there are none yet.
pub(super) fn read_or_generate(database: Option<&Path>) -> Result<Generated, ConfigError> {
    if let Some(generated) = read(database)? {
        return Ok(generated);
    }
    let file = location(database);
    write_once(&file, &draw()).map_err(|error| ConfigError::File {
        path: file.clone(),
        problem: format!("the sandbox's secrets cannot be kept here: {error}; make the directory writable or set PARTNER_API_MASTER_KEY and PARTNER_API_SUPPORT_TOKEN"),
    })?;
    // Read back rather than kept: another process may have been first.
    read(database)?.ok_or_else(|| unusable(file, "vanished while starting"))
}

/// The secrets, if an earlier start made them.
pub(super) fn read(database: Option<&Path>) -> Result<Option<Generated>, ConfigError> {
    let file = location(database);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(file, &format!("cannot be read: {error}"))),
    };
    let table: toml::Table = toml::from_str(&text)
        .map_err(|_| unusable(file.clone(), "is not TOML; restore it from a backup"))?;
    let value = |key: &str| {
        table
            .get(key)
            .and_then(|value| value.as_str())
            .map(SecretString::from)
    };
    match (value("master_key"), value("support_token")) {
        (Some(master_key), Some(support_token)) => {
            super::secrets::master_key(master_key.expose_secret())?;
            Ok(Some(Generated {
                master_key,
                support_token,
                file,
            }))
        }
        _ => Err(unusable(
            file,
            "must hold master_key and support_token; restore it from a backup",
        )),
    }
}

fn location(database: Option<&Path>) -> PathBuf {
    database.map_or_else(
        || PathBuf::from("partner-api.sandbox-secrets.toml"),
        |path| super::suffixed(path, ".sandbox-secrets.toml"),
    )
}

fn unusable(path: PathBuf, problem: &str) -> ConfigError {
    ConfigError::File {
        path,
        problem: problem.to_owned(),
    }
}

fn draw() -> String {
    let mut random = rand::rng();
    let (master_key, token): ([u8; 32], [u8; 32]) = (random.random(), random.random());
    format!(
        "# Made by a partner-api sandbox at its first start. Without master_key its webhook secrets cannot be read any more.\n\
         master_key = \"{}\"\nsupport_token = \"st_{}\"\n",
        STANDARD.encode(master_key),
        URL_SAFE_NO_PAD.encode(token)
    )
}

/// All or nothing, and the first one wins: written aside, then linked under its name, which fails if the name is taken.
fn write_once(path: &Path, text: &str) -> std::io::Result<()> {
    let aside = super::suffixed(path, &format!(".{}", uuid::Uuid::now_v7()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)?;
    let linked = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&aside, path));
    std::fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn made_once_for_the_owner_alone_and_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("p.db");
        assert!(read(Some(&database)).unwrap().is_none());
        let first = read_or_generate(Some(&database)).unwrap();
        let second = read_or_generate(Some(&database)).unwrap();
        assert_eq!(
            first.master_key.expose_secret(),
            second.master_key.expose_secret()
        );
        assert_eq!(
            first.support_token.expose_secret(),
            second.support_token.expose_secret()
        );
        assert_eq!(
            first.file,
            directory.path().join("p.db.sandbox-secrets.toml")
        );
        assert_eq!(
            std::fs::metadata(&first.file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            std::fs::read_dir(directory.path()).unwrap().count(),
            1,
            "nothing is left aside"
        );
    }

    #[test]
    fn a_broken_file_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("p.db");
        std::fs::write(location(Some(&database)), "master_key = \"x\"").unwrap();
        assert!(read_or_generate(Some(&database)).is_err());
    }
}
