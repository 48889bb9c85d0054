//! What every actor may use: the database, the clock, the settings, and the others' addresses.

use std::sync::Arc;
use std::time::Duration;

use entities::Database;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::admission::{Guesses, Proofs, RegistryMsg, TenantBook, VerifierMsg};
use crate::auth::{Attempts, Strangers};
use crate::cluster::{NodeMsg, Standing};
use crate::contract::ApiError;
use crate::delivery::{CompleterMsg, Depth, DispatcherMsg, Metrics, RecovererMsg, Sender};
use crate::infra::{BcryptPool, Clock, Settings, Vault};
use crate::keys::LastUseMsg;
use crate::leases::Book;
use crate::onboarding::EvaluatorMsg;
use crate::placements::WriterMsg;
use crate::sandbox::SimulatorMsg;
use crate::supervision::Address;

/// The means of the house, shared by everyone in it.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    /// Where those live, or spawn, who write to the database all the time.
    pub(crate) writing: Handle,
    pub(crate) settings: Settings,
    pub(crate) vault: Vault,
    /// This process among others: its epoch, and whether it may act.
    pub(crate) standing: Arc<Standing>,
    /// Limit cells and live keys that outlive the actors which use them.
    pub(crate) tenants: Arc<TenantBook>,
    /// bcrypt of key secrets: a flood of sign-ins does not touch it.
    pub(crate) key_bcrypt: Arc<BcryptPool>,
    /// bcrypt of passwords.
    pub(crate) password_bcrypt: BcryptPool,
    /// What bcrypt has matched.
    pub(crate) proofs: Proofs,
    /// Keys that were refused, and who brings such.
    pub(crate) guesses: Guesses,
    pub(crate) attempts: Attempts,
    /// Sessions' and onboarding tokens that this process has not met.
    pub(crate) token_strangers: Strangers,
    /// POSTs webhooks: one client, so that connections are shared.
    pub(crate) sender: Sender,
    /// What is leased, and what each endpoint may still be sent: it outlives the actors of delivery.
    pub(crate) book: Arc<Book>,
    /// Files of creditors that may be open at the same time.
    pub(crate) files: Semaphore,
    pub(crate) metrics: Metrics,
    /// The queue's depth as it was last counted, and when.
    pub(crate) depth: Mutex<Option<(Instant, Depth)>>,
    pub(crate) addresses: Addresses,
}

/// Leave to hold one creditor's file open.
pub(crate) type FilePermit<'a> = SemaphorePermit<'a>;

/// Files open at the same time: fewer than the write pool has connections, or requests that wait
/// for one creditor's lock would leave none to the Writers.
pub(crate) const OPEN_FILES: usize = 4;
/// How long a rotation waits for the last uses of keys to be written.
const LAST_USE_PATIENCE: Duration = Duration::from_secs(2);
/// How long a request may wait for its turn.
const FILE_PATIENCE: Duration = Duration::from_secs(10);

impl House {
    /// Waits for leave to open a creditor's file; to be asked for before a transaction is begun.
    pub(crate) async fn file_permit(&self) -> Result<FilePermit<'_>, ApiError> {
        match tokio::time::timeout(FILE_PATIENCE, self.files.acquire()).await {
            Ok(permit) => permit.map_err(|_| ApiError::ShuttingDown),
            Err(_) => Err(ApiError::Overloaded),
        }
    }

    /// Writes what this process knows of the last uses of keys. That it could not is no reason to
    /// refuse anything: it is tried again.
    pub(crate) async fn write_last_uses(&self) {
        let last_use = &self.addresses.last_use;
        let written = last_use.call(LAST_USE_PATIENCE, |reply| LastUseMsg::Write { reply });
        if let Err(error) = written.await {
            tracing::warn!(%error, "the last uses of keys were not written now");
        }
    }
}

/// Where everyone lives.
#[derive(Debug)]
pub(crate) struct Addresses {
    pub(crate) node: Address<NodeMsg>,
    pub(crate) registry: Address<RegistryMsg>,
    pub(crate) verifier: Address<VerifierMsg>,
    pub(crate) last_use: Address<LastUseMsg>,
    pub(crate) evaluator: Address<EvaluatorMsg>,
    /// Keyed by tenant: see [`Addresses::writer`].
    pub(crate) writers: Vec<Address<WriterMsg>>,
    pub(crate) dispatcher: Address<DispatcherMsg>,
    pub(crate) completer: Address<CompleterMsg>,
    pub(crate) recoverer: Address<RecovererMsg>,
    pub(crate) simulator: Address<SimulatorMsg>,
}

impl Addresses {
    pub(crate) fn new(writers: usize) -> Self {
        Self {
            node: Address::vacant(),
            registry: Address::vacant(),
            verifier: Address::vacant(),
            last_use: Address::vacant(),
            evaluator: Address::vacant(),
            writers: (0..writers).map(|_| Address::vacant()).collect(),
            dispatcher: Address::vacant(),
            completer: Address::vacant(),
            recoverer: Address::vacant(),
            simulator: Address::vacant(),
        }
    }

    /// The Writer of a creditor: always the same one, so that its commands keep their order.
    pub(crate) fn writer(&self, creditor: entities::ids::CreditorId) -> &Address<WriterMsg> {
        let lot = creditor.0.as_u64_pair().1;
        let count = self.writers.len() as u64;
        let index = usize::try_from(lot % count).unwrap_or_default();
        &self.writers[index]
    }
}
