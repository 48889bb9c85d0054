//! The start of the platform and its graceful shutdown.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entities::{ConnectError, Database, DbErr, PoolSizes};
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio::sync::watch;

use super::context::AppContext;
use super::tree::Tree;
use super::wiring::Modules;
use crate::cluster::Membership;
use crate::infra::{Clock, Env, Mode, Settings, Vault, VaultError};
use crate::supervision::DedicatedRuntime;

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
    /// An actor did not start.
    #[error("the actors did not start: {0}")]
    Actors(String),
}

/// Migrates the database to the newest schema.
pub(crate) async fn migrate(database_url: &SecretString) -> Result<(), StartError> {
    let db = Database::connect(
        database_url.expose_secret(),
        PoolSizes { write: 1, read: 1 },
    )
    .await?;
    migrations::migrate(db.writer()).await?;
    db.close().await;
    Ok(())
}

impl AppContext {
    /// Opens and migrates the database, registers this process as a node, and starts the actors.
    pub(crate) async fn start(settings: Settings, clock: Clock) -> Result<Arc<Self>, StartError> {
        let vault = Vault::new(&settings.master_key)?;
        let lock = settings
            .lock_file
            .as_deref()
            .map(lock_exclusively)
            .transpose()?;
        let db =
            Database::connect(settings.database_url.expose_secret(), PoolSizes::default()).await?;
        if settings.mode == Mode::Production {
            db.require_durable_commits().await?;
        }
        migrations::migrate(db.writer()).await?;
        let membership = Membership::boot(&db, &clock, &node_name()).await?;
        let runtime = DedicatedRuntime::start("writing")
            .map_err(|error| StartError::Actors(error.to_string()))?;
        let env = Env {
            db,
            clock,
            settings,
            vault,
        };
        let modules = Modules::wire(env, membership, runtime.handle())?;
        let (tree, root) = Tree::start(&modules)
            .await
            .map_err(|error| StartError::Actors(error.to_string()))?;
        let (failing, failed) = watch::channel(false);
        tokio::spawn(async move {
            let _ = root.await;
            let _ = failing.send(true);
        });
        Ok(Arc::new(Self {
            modules,
            tree,
            draining: AtomicBool::new(false),
            failed,
            _runtime: runtime,
            _lock: lock,
        }))
    }

    /// Refuses new work, waits for Writers and sends to finish, and stops. Each step waits for at most `timeout`.
    /// Deliveries that are not finished by then are released and continue after the next start.
    pub(crate) async fn drain(&self, timeout: Duration) {
        self.draining.store(true, Ordering::SeqCst);
        self.tree.stop_restarting();
        self.tree.drain(&self.modules, timeout).await;
        self.tree.stop().await;
        self.modules.env.db.close().await;
    }

    /// Completes when the root supervisor has failed. The process should exit then.
    pub(crate) async fn failed(&self) {
        let mut failed = self.failed.clone();
        // The sender is dropped only with the root's task, so an error also means that the root has ended.
        let _ = failed.wait_for(|failed| *failed).await;
    }
}

/// Locks the file at `path`. Only one process may use a SQLite database, because at boot it releases every lease.
fn lock_exclusively(path: &Path) -> Result<File, StartError> {
    let locked = || StartError::Locked(path.display().to_string());
    let file = File::create(path).map_err(|_| locked())?;
    file.try_lock().map_err(|_| locked())?;
    Ok(file)
}

/// The name of this process in the `node` table: host name and process id.
fn node_name() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".to_owned());
    format!("{host}:{}", std::process::id())
}
