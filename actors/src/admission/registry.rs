//! The registry maps the prefix of a key to a tenant entry with a running actor.
//!
//! It looks up a prefix once for all requests that wait for it, spawns the tenant actor, respawns it
//! after a failure, and evicts idle tenants. It never decides a request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::CreditorId;
use entities::queries::keys;
use ractor::{ActorId, ActorProcessingErr, RpcReplyPort, SupervisionEvent};
use tokio::sync::Semaphore;

use super::handle::Admission;
use super::registry_msg::{RegistryMsg, ResolveResult};
use super::tenant::Tenant;
use super::tenant_entry::TenantEntry;
use crate::contract::ApiError;
use crate::domain::api_key::KeyPrefix;
use crate::domain::restart_budget::{RestartBudget, RestartDecision, RestartHistory};
use crate::supervision::{Actor, PeriodicTask, spawn_and_notify, spawn_child};

/// Time without a request after which a tenant is evicted.
const IDLE_MS: i64 = 10 * 60_000;
const EVICTION_INTERVAL: Duration = Duration::from_secs(30);
/// Maximum number of prefixes with a pending lookup. More indicate a flood of made-up prefixes.
const MAX_PENDING_LOOKUPS: usize = 64;
/// Maximum number of concurrent lookups. Made-up prefixes must not take every connection.
const MAX_LOOKUPS: usize = 3;

/// Time after which a lookup is abandoned. Its connection may be half open, and it holds one of
/// `MAX_LOOKUPS` permits.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum number of requests that wait for one prefix.
const MAX_WAITING: usize = 10_000;

/// Spawns, respawns and evicts tenant actors. The tenant entries are in the
/// [`TenantCache`](super::tenant_cache::TenantCache).
pub(crate) struct Registry {
    admission: Arc<Admission>,
    sweeping: PeriodicTask<RegistryMsg>,
    pending_lookups: HashMap<KeyPrefix, Vec<RpcReplyPort<ResolveResult>>>,
    lookups: Arc<Semaphore>,
    /// Tenant actors that this incarnation has spawned. `tenant_of` is the reverse index.
    running: HashMap<CreditorId, Running>,
    tenant_of: HashMap<ActorId, CreditorId>,
    failures: HashMap<CreditorId, RestartHistory>,
}

/// A running tenant actor and the entry that it serves.
struct Running {
    actor: ActorId,
    entry: Arc<TenantEntry>,
}

impl Actor for Registry {
    type Msg = RegistryMsg;

    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        self.schedule_eviction();
        Ok(())
    }

    async fn handle(&mut self, message: RegistryMsg) -> Result<(), ActorProcessingErr> {
        match message {
            RegistryMsg::Resolve { prefix, reply } => self.resolve(prefix, reply),
            RegistryMsg::LookupCompleted { prefix, owner } => {
                self.looked_up(prefix, owner).await;
            }
            RegistryMsg::Respawn { entry, reply } => {
                let _ = reply.send(self.ensure_running(entry).await);
            }
            RegistryMsg::EvictIdle => self.sweep(),
        }
        Ok(())
    }

    fn handle_supervisor_evt(&mut self, event: SupervisionEvent) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => {
                let creditor = self.tenant_of.get(&cell.get_id());
                let creditor_id = creditor.map(ToString::to_string);
                tracing::error!(%error, creditor_id, "a tenant actor failed");
                self.on_tenant_stopped(cell.get_id());
            }
            SupervisionEvent::ActorTerminated(cell, _, _) => self.on_tenant_stopped(cell.get_id()),
            _ => {}
        }
        Ok(())
    }
}

impl Registry {
    pub(super) fn new(admission: &Arc<Admission>) -> Self {
        Self {
            admission: Arc::clone(admission),
            sweeping: PeriodicTask::new(&admission.registry),
            pending_lookups: HashMap::new(),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            running: HashMap::new(),
            tenant_of: HashMap::new(),
            failures: HashMap::new(),
        }
    }

    fn schedule_eviction(&mut self) {
        self.sweeping
            .reschedule(EVICTION_INTERVAL, RegistryMsg::EvictIdle);
    }

    fn resolve(&mut self, prefix: KeyPrefix, reply: RpcReplyPort<ResolveResult>) {
        let is_full = match self.pending_lookups.get(&prefix) {
            Some(waiting) => waiting.len() >= MAX_WAITING,
            None => self.pending_lookups.len() >= MAX_PENDING_LOOKUPS,
        };
        if is_full {
            let _ = reply.send(Err(ApiError::Overloaded));
            return;
        }
        let waiting = self.pending_lookups.entry(prefix).or_default();
        waiting.push(reply);
        if waiting.len() == 1 {
            self.look_up(prefix);
        }
    }

    /// Starts a lookup in the database. A `LookupCompleted` message always follows, even if the task dies.
    fn look_up(&self, prefix: KeyPrefix) {
        let (admission, lookups) = (Arc::clone(&self.admission), Arc::clone(&self.lookups));
        let completed = move |owner| RegistryMsg::LookupCompleted { prefix, owner };
        let died = completed(Err(ApiError::Overloaded));
        spawn_and_notify(&self.admission.registry, died, async move {
            let _permit = lookups.acquire().await;
            let asked = keys::creditor_of_prefix(admission.env.db.reader(), prefix.as_str());
            completed(match tokio::time::timeout(LOOKUP_TIMEOUT, asked).await {
                Ok(Ok(owner)) => owner.ok_or(ApiError::InvalidApiKey),
                Ok(Err(error)) => {
                    tracing::error!(%error, "the lookup of an API key failed");
                    Err(ApiError::Overloaded)
                }
                Err(_) => {
                    tracing::error!("the lookup of an API key timed out");
                    Err(ApiError::Overloaded)
                }
            })
        });
    }

    async fn looked_up(&mut self, prefix: KeyPrefix, owner: Result<CreditorId, ApiError>) {
        let found = match owner {
            Ok(creditor) => {
                let entry = self.admission.tenants.insert_prefix(prefix, creditor);
                self.ensure_running(entry).await
            }
            Err(error) => Err(error),
        };
        for reply in self.pending_lookups.remove(&prefix).unwrap_or_default() {
            let _ = reply.send(found.clone());
        }
    }

    /// Starts the tenant actor unless it runs. Its `pre_start` does not wait for the database.
    async fn ensure_running(&mut self, entry: Arc<TenantEntry>) -> ResolveResult {
        // The entry may have been evicted in the meantime. Use the current one.
        let entry = self.admission.tenants.get_or_insert(entry.creditor);
        let known = self.running.get(&entry.creditor);
        if known.is_some_and(|running| Arc::ptr_eq(&running.entry, &entry)) {
            return Ok(entry);
        }
        if !self.may_restart(entry.creditor) {
            return Err(ApiError::Overloaded);
        }
        entry.mark_used(self.admission.env.clock.mono_ms());
        let tenant = Tenant::new(Arc::clone(&self.admission), Arc::clone(&entry));
        match spawn_child(tenant, &entry.handle, &self.admission.registry).await {
            Ok(actor) => {
                self.tenant_of.insert(actor, entry.creditor);
                let running = Running {
                    actor,
                    entry: Arc::clone(&entry),
                };
                self.running.insert(entry.creditor, running);
                Ok(entry)
            }
            Err(error) => {
                tracing::error!(%error, creditor_id = %entry.creditor, "a tenant actor did not start");
                Err(ApiError::Overloaded)
            }
        }
    }

    /// Whether the restart budget of this tenant allows another start. Other tenants are unaffected.
    fn may_restart(&self, creditor: CreditorId) -> bool {
        let Some(history) = self.failures.get(&creditor) else {
            return true;
        };
        let now_ms = self.admission.env.clock.mono_ms();
        let decision = history.clone().record(now_ms, &RestartBudget::default());
        decision != RestartDecision::GiveUp
    }

    fn on_tenant_stopped(&mut self, id: ActorId) {
        let Some(creditor) = self.tenant_of.remove(&id) else {
            return;
        };
        // The actor of a newer entry may already run.
        if self
            .running
            .get(&creditor)
            .is_none_or(|running| running.actor != id)
        {
            return;
        }
        if let Some(stopped) = self.running.remove(&creditor) {
            stopped.entry.handle.detach(id);
        }
        let now_ms = self.admission.env.clock.mono_ms();
        self.failures
            .entry(creditor)
            .or_default()
            .record(now_ms, &RestartBudget::default());
    }

    fn sweep(&mut self) {
        if !self.sweeping.try_start() {
            return;
        }
        let mono_us = self.admission.env.clock.mono_us();
        for entry in self.admission.tenants.evict_idle(mono_us, IDLE_MS) {
            // An eviction is not a failure. Remove the actor before its termination event arrives.
            if let Some(idle) = self.running.remove(&entry.creditor) {
                self.tenant_of.remove(&idle.actor);
            }
            entry.handle.stop("idle");
            self.failures.remove(&entry.creditor);
        }
        for entry in self.admission.tenants.all() {
            entry.with_state(|state| state.forget_full_keys(mono_us));
        }
        self.schedule_eviction();
    }
}
