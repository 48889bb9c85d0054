//! The one door: typed calls in, views out. It hides actor refs, messages and timeouts.
//!
//! Methods on a creditor's data take an [`AuthenticatedTenant`], which only admission and sign-in
//! construct; so no caller can name a creditor that it has not proven to be.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entities::{ConnectError, Database, DbErr, Pools};
use secrecy::ExposeSecret;
use thiserror::Error;
use tokio::sync::{Mutex, Semaphore, watch};
use tracing::Instrument as _;

use crate::admission::{Guesses, Proofs, TenantBook};
use crate::app::{Addresses, House, OPEN_FILES, Tree};
use crate::auth::{Attempts, Strangers};
use crate::cluster::Standing;
use crate::contract::ApiError;
use crate::delivery::{Metrics, Sender};
use crate::infra::{BcryptPool, Clock, Settings, Vault, VaultError, trace};
use crate::supervision::Lane;

/// What every call answers.
pub type ApiResult<T> = Result<T, ApiError>;

/// Writers on Postgres: one serial writer leaves commits waiting for each other's fsync.
const WRITERS_ON_POSTGRES: usize = 2;
/// Callers that may wait for a free bcrypt core.
const BCRYPT_QUEUE: usize = 256;

/// Why the platform did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The schema could not be brought up to date, or the node not be registered.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// The master key is unusable.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// There is no HTTP client to send webhooks with.
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    /// Another process has this SQLite database open.
    #[error(
        "another partner-api uses this SQLite database (lock file {0}); SQLite is for one process, Postgres for several"
    )]
    Locked(String),
    /// An actor did not start.
    #[error("the actors did not start: {0}")]
    Actors(String),
}

/// The partner platform.
#[derive(Debug, Clone)]
pub struct PartnerApi(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) house: Arc<House>,
    pub(super) tree: Tree,
    draining: AtomicBool,
    /// Turns true when the root gives up.
    failed: watch::Receiver<bool>,
    _writing: Lane,
    _lock: Option<File>,
}

impl PartnerApi {
    /// Brings the database to the newest schema.
    ///
    /// # Errors
    /// [`StartError`] when the database cannot be reached or a step fails.
    pub async fn migrate(database_url: &secrecy::SecretString) -> Result<(), StartError> {
        let db =
            Database::connect(database_url.expose_secret(), Pools { write: 1, read: 1 }).await?;
        migrations::migrate(db.writer()).await?;
        db.close().await;
        Ok(())
    }

    /// Opens and migrates the database, registers this process as a node, and starts the actors.
    ///
    /// # Errors
    /// [`StartError`]; nothing keeps running then.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        Self::start_at(settings, Clock::system()).await
    }

    /// As [`PartnerApi::start`], with the time of `clock`.
    ///
    /// # Errors
    /// [`StartError`]; nothing keeps running then.
    pub async fn start_at(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        let vault = Vault::new(&settings.master_key)?;
        let lock = settings
            .lock_file
            .as_deref()
            .map(lock_exclusively)
            .transpose()?;
        let db = Database::connect(settings.database_url.expose_secret(), Pools::default()).await?;
        if settings.mode == crate::infra::Mode::Production {
            db.require_durable_commits().await?;
        }
        migrations::migrate(db.writer()).await?;
        let standing = Standing::boot(&db, &clock, &node_name()).await?;
        let writers = if db.is_postgres() {
            WRITERS_ON_POSTGRES
        } else {
            1
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let metrics = Metrics::default();
        let sender = Sender::new(&settings, &clock, metrics.connections.clone())?;
        let writing =
            Lane::open("writing").map_err(|error| StartError::Actors(error.to_string()))?;
        let house = Arc::new(House {
            db,
            clock,
            writing: writing.handle(),
            vault,
            standing,
            tenants: Arc::new(TenantBook::default()),
            sender,
            book: Arc::default(),
            metrics,
            depth: Mutex::default(),
            key_bcrypt: Arc::new(BcryptPool::new(cores, BCRYPT_QUEUE)),
            password_bcrypt: BcryptPool::new(cores, BCRYPT_QUEUE),
            proofs: Proofs::default(),
            guesses: Guesses::default(),
            attempts: Attempts::default(),
            token_strangers: Strangers::default(),
            files: Semaphore::new(OPEN_FILES),
            addresses: Addresses::new(writers),
            settings,
        });
        let (tree, root) = Tree::grow(&house)
            .await
            .map_err(|error| StartError::Actors(error.to_string()))?;
        let (failing, failed) = watch::channel(false);
        tokio::spawn(async move {
            let _ = root.await;
            let _ = failing.send(true);
        });
        Ok(Self(Arc::new(Inner {
            house,
            tree,
            draining: AtomicBool::new(false),
            failed,
            _writing: writing,
            _lock: lock,
        })))
    }

    /// Takes no more work, lets Writers and sends finish, and stops. Each step waits at most for
    /// `patience`; what is left is given back and goes on after the next start.
    pub async fn drain(&self, patience: Duration) {
        self.0.draining.store(true, Ordering::SeqCst);
        self.0.tree.stop_restarting();
        self.0.tree.drain(&self.0.house, patience).await;
        self.0.tree.fell().await;
        self.0.house.db.close().await;
    }

    /// Ends when the actors can no longer be kept alive: the process should exit then.
    pub async fn failed(&self) {
        let mut failed = self.0.failed.clone();
        // The sender lives as long as the root's task: an error means that it is gone as well.
        let _ = failed.wait_for(|failed| *failed).await;
    }

    /// Milliseconds since the Unix epoch, as the platform sees them.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.0.house.clock.now_ms()
    }

    /// How many bcrypt verifications of keys this process has done.
    #[must_use]
    pub fn key_bcrypt_checks(&self) -> u64 {
        self.0.house.key_bcrypt.checks()
    }

    pub(crate) fn house(&self) -> &House {
        &self.0.house
    }

    /// Works on a creditor's file to the end, also if the caller goes away meanwhile: between the
    /// commit and what follows from it, nothing may be left out.
    pub(crate) async fn to_its_end<T, F>(&self, work: impl FnOnce(Arc<House>) -> F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: Future<Output = ApiResult<T>> + Send + 'static,
    {
        self.refuse_while_draining()?;
        let work = work(Arc::clone(&self.0.house)).in_current_span();
        let trace = trace::current().unwrap_or_else(trace::fresh);
        let done = tokio::spawn(trace::within(trace, work)).await;
        done.unwrap_or(Err(ApiError::Internal))
    }

    pub(crate) fn refuse_while_draining(&self) -> ApiResult<()> {
        if self.0.draining.load(Ordering::SeqCst) {
            return Err(ApiError::ShuttingDown);
        }
        Ok(())
    }
}

/// One process per SQLite database: at boot it takes every lease for its own.
fn lock_exclusively(path: &std::path::Path) -> Result<File, StartError> {
    let locked = || StartError::Locked(path.display().to_string());
    let file = File::create(path).map_err(|_| locked())?;
    file.try_lock().map_err(|_| locked())?;
    Ok(file)
}

/// How this process is called in the table of nodes.
fn node_name() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".to_owned());
    format!("{host}:{}", std::process::id())
}
