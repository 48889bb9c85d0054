//! The start of the platform and its graceful shutdown.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entities::{Database, PoolSizes};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;
use tokio::time::Instant;

use super::context::AppContext;
use super::installation;
use super::start_error::StartError;
use super::tree::Tree;
use super::wiring::Modules;
use crate::cluster::Membership;
use crate::delivery::DispatcherMsg;
use crate::infra::{Clock, Env, HostLookup, Mode, Settings, Vault};
use crate::supervision::DedicatedRuntime;

/// How long the connections to the database may take to close.
const CLOSED_WITHIN: Duration = Duration::from_secs(1);

/// Migrates the database to the newest schema.
pub(crate) async fn migrate(database_url: &SecretString) -> Result<(), StartError> {
    let db = Database::connect(
        database_url.expose_secret(),
        PoolSizes { write: 1, read: 1 },
    )
    .await?;
    migrations::migrate(&db.writer().unbounded()).await?;
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
        let db = Database::connect_within(
            settings.database_url.expose_secret(),
            PoolSizes::default(),
            settings.database_timeouts,
        )
        .await?;
        db.require_sessions().await?;
        if settings.mode == Mode::Production {
            db.require_durable_commits().await?;
        }
        migrations::migrate(&db.writer().unbounded()).await?;
        installation::check(&db, settings.mode, &vault).await?;
        let membership = Membership::boot(&db, &clock, &node_name()).await?;
        let runtime = DedicatedRuntime::start("writing")
            .map_err(|error| StartError::Actors(error.to_string()))?;
        let hosts = HostLookup::new(&settings.dns_servers)
            .map_err(|error| StartError::Actors(error.to_string()))?;
        let env = Env {
            db,
            clock,
            settings,
            vault,
            hosts,
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

    /// Begins no further send of a webhook, and tells the other processes that this one is draining.
    pub(crate) fn stop_sending(&self) {
        let _ = self
            .modules
            .delivery
            .dispatcher
            .send(DispatcherMsg::StopSending);
        let cluster = Arc::clone(&self.modules.cluster);
        tokio::spawn(async move { cluster.mark_draining().await });
    }

    /// Refuses new work, waits for Writers and sends to finish, and stops, within about `timeout`. Deliveries that are
    /// not finished by then continue after the next start.
    pub(crate) async fn drain(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        self.draining.store(true, Ordering::SeqCst);
        self.tree.stop_restarting();
        self.tree.drain(&self.modules, deadline).await;
        self.tree.stop().await;
        let closed = self.modules.env.db.close();
        if tokio::time::timeout(CLOSED_WITHIN, closed).await.is_err() {
            tracing::warn!("the connections to the database did not close in time");
        }
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
