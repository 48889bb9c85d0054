//! The reasons for which the platform does not start.

use entities::{ConnectError, DbErr};
use thiserror::Error;

use crate::infra::VaultError;

/// Why the platform did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database cannot be opened, or its settings are not acceptable.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A statement during the start failed, e.g. the registration of this process as a node.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// The schema migration failed.
    #[error(transparent)]
    Schema(#[from] migrations::MigrateError),
    /// The master key is unusable.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The HTTP client for webhooks cannot be created.
    #[error("the HTTP client cannot be created: {0}")]
    Client(#[from] reqwest::Error),
    /// Another process uses this SQLite database. The field is the path of the lock file.
    #[error(
        "another partner-api uses this SQLite database (lock file {0}); SQLite is for one process, Postgres for several"
    )]
    Locked(String),
    /// The database belongs to an installation of another mode.
    #[error(
        "this database belongs to a {stored} installation (PARTNER_API_MODE); use that mode, or another database"
    )]
    OtherMode {
        /// The mode of the first start.
        stored: String,
    },
    /// The secrets in the database are encrypted with another master key.
    #[error(
        "PARTNER_API_MASTER_KEY is not the key with which this database was first started, so no stored secret can be decrypted; use that key, or another database"
    )]
    OtherMasterKey,
    /// An actor did not start.
    #[error("the actors did not start: {0}")]
    Actors(String),
}
