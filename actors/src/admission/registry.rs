//! The registry: from a key's prefix to its tenant's actor.
//!
//! It loads a prefix once however many requests wait for it, spawns the tenant's actor, respawns
//! it when it dies, and lets the idle go. It never decides on a request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::CreditorId;
use entities::queries::keys;
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::Semaphore;

use super::handle::Admission;
use super::registry_msg::{Found, LookupError, RegistryMsg};
use super::tenant::{Tenant, TenantArgs};
use super::tenant_entry::TenantEntry;
use crate::contract::ApiError;
use crate::domain::api_key::KeyPrefix;
use crate::domain::restart_budget::{RestartBudget, RestartDecision, RestartHistory};
use crate::supervision::{ActorHandle, PeriodicTask, spawn_and_notify, spawn_metered};

/// A tenant that nobody has used for so long is let go.
const IDLE_MS: i64 = 10 * 60_000;
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Prefixes that wait to be looked up: more than that is a flood of made-up ones.
const MAX_ASKED: usize = 64;
/// Prefixes that are looked up at the same time: made-up ones must not take every connection.
const MAX_LOOKUPS: usize = 3;

/// A look-up that takes longer is given up: its connection may be half open, and there are few turns.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// Requests that may wait for one prefix.
const MAX_WAITING: usize = 10_000;

/// What the [`Registry`] starts with.
pub(crate) struct RegistryArgs {
    pub(crate) admission: Arc<Admission>,
    pub(crate) me: ActorHandle<RegistryMsg>,
}

/// What the [`Registry`] holds; the tenants themselves are in the book.
pub(crate) struct RegistryState {
    admission: Arc<Admission>,
    me: ActorHandle<RegistryMsg>,
    sweeping: PeriodicTask,
    asking: HashMap<KeyPrefix, Vec<RpcReplyPort<Found>>>,
    lookups: Arc<Semaphore>,
    /// This incarnation's actors, both ways round.
    running: HashMap<CreditorId, Running>,
    tenant_of: HashMap<ActorId, CreditorId>,
    failures: HashMap<CreditorId, RestartHistory>,
}

/// A tenant's actor, and the entry that it serves.
struct Running {
    actor: ActorId,
    entry: Arc<TenantEntry>,
}

/// Keeps the tenants' actors.
pub(crate) struct Registry;

impl Actor for Registry {
    type Msg = RegistryMsg;
    type State = RegistryState;
    type Arguments = RegistryArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let mut sweeping = PeriodicTask::default();
        sweeping.reschedule(args.me.send_after(SWEEP_EVERY, RegistryMsg::Sweep));
        Ok(RegistryState {
            sweeping,
            admission: args.admission,
            me: args.me,
            asking: HashMap::new(),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            running: HashMap::new(),
            tenant_of: HashMap::new(),
            failures: HashMap::new(),
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RegistryMsg::Resolve { prefix, reply } => state.resolve(prefix, reply),
            RegistryMsg::LookedUp { prefix, owner } => {
                state.looked_up(&myself, prefix, owner).await;
            }
            RegistryMsg::Respawn { entry, reply } => {
                let _ = reply.send(state.ensure_running(&myself, entry).await);
            }
            RegistryMsg::Sweep => state.sweep(),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            RegistryMsg::Panic => panic!("injected into the Registry"),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => {
                tracing::error!(%error, "a tenant's actor failed");
                state.tenant_gone(cell.get_id());
            }
            SupervisionEvent::ActorTerminated(cell, _, _) => state.tenant_gone(cell.get_id()),
            _ => {}
        }
        Ok(())
    }
}

impl RegistryState {
    fn resolve(&mut self, prefix: KeyPrefix, reply: RpcReplyPort<Found>) {
        if self.asking.len() >= MAX_ASKED && !self.asking.contains_key(&prefix) {
            let _ = reply.send(Err(ApiError::Overloaded));
            return;
        }
        let waiting = self.asking.entry(prefix).or_default();
        if waiting.len() >= MAX_WAITING {
            let _ = reply.send(Err(ApiError::Overloaded));
            return;
        }
        waiting.push(reply);
        if waiting.len() == 1 {
            self.look_up(prefix);
        }
    }

    /// Asks the database, and always gets an answer.
    fn look_up(&self, prefix: KeyPrefix) {
        let (admission, lookups) = (Arc::clone(&self.admission), Arc::clone(&self.lookups));
        let died = RegistryMsg::LookedUp {
            prefix,
            owner: Err(LookupError::Died),
        };
        spawn_and_notify(&self.me, died, async move {
            let _turn = lookups.acquire().await;
            let asked = keys::creditor_of_prefix(admission.env.db.reader(), prefix.as_str());
            let owner = match tokio::time::timeout(LOOKUP_TIMEOUT, asked).await {
                Ok(answer) => answer.map_err(LookupError::from),
                Err(_) => Err(LookupError::TooSlow),
            };
            RegistryMsg::LookedUp { prefix, owner }
        });
    }

    async fn looked_up(
        &mut self,
        myself: &ActorRef<RegistryMsg>,
        prefix: KeyPrefix,
        owner: Result<Option<CreditorId>, LookupError>,
    ) {
        let found = match owner {
            Ok(Some(creditor)) => {
                let entry = self.admission.tenants.enter(prefix, creditor);
                self.ensure_running(myself, entry).await
            }
            Ok(None) => Err(ApiError::InvalidApiKey),
            Err(error) => {
                tracing::error!(%error, "a prefix could not be looked up");
                Err(ApiError::Overloaded)
            }
        };
        for reply in self.asking.remove(&prefix).unwrap_or_default() {
            let _ = reply.send(found.clone());
        }
    }

    /// Starts the tenant's actor unless it runs. Its `pre_start` waits for nothing.
    async fn ensure_running(
        &mut self,
        myself: &ActorRef<RegistryMsg>,
        entry: Arc<TenantEntry>,
    ) -> Found {
        // A request may come with a entry that was let go meanwhile: there is one at a time.
        let entry = self.admission.tenants.current(entry.creditor);
        let known = self.running.get(&entry.creditor);
        if known.is_some_and(|running| Arc::ptr_eq(&running.entry, &entry)) {
            return Ok(entry);
        }
        if !self.may_restart(entry.creditor) {
            return Err(ApiError::Overloaded);
        }
        entry.used(self.admission.env.clock.now_ms());
        let args = TenantArgs {
            admission: Arc::clone(&self.admission),
            entry: Arc::clone(&entry),
        };
        match spawn_metered(Tenant, args, &entry.address, myself.get_cell()).await {
            Ok(actor) => {
                let actor = actor.get_id();
                self.tenant_of.insert(actor, entry.creditor);
                let running = Running {
                    actor,
                    entry: Arc::clone(&entry),
                };
                self.running.insert(entry.creditor, running);
                Ok(entry)
            }
            Err(error) => {
                tracing::error!(%error, "a tenant's actor did not start");
                Err(ApiError::Overloaded)
            }
        }
    }

    /// A tenant whose actor keeps failing has to wait; the others never notice.
    fn may_restart(&self, creditor: CreditorId) -> bool {
        let Some(history) = self.failures.get(&creditor) else {
            return true;
        };
        let now_ms = self.admission.env.clock.now_ms();
        let decision = history.clone().record(now_ms, &RestartBudget::default());
        decision != RestartDecision::GiveUp
    }

    fn tenant_gone(&mut self, id: ActorId) {
        let Some(creditor) = self.tenant_of.remove(&id) else {
            return;
        };
        // Another entry's actor may have taken its place.
        if self
            .running
            .get(&creditor)
            .is_none_or(|running| running.actor != id)
        {
            return;
        }
        if let Some(gone) = self.running.remove(&creditor) {
            gone.entry.address.detach(id);
        }
        let now_ms = self.admission.env.clock.now_ms();
        self.failures
            .entry(creditor)
            .or_default()
            .record(now_ms, &RestartBudget::default());
    }

    fn sweep(&mut self) {
        if !self.sweeping.try_start() {
            return;
        }
        let now_us = self.admission.env.clock.now_us();
        for entry in self.admission.tenants.evict_idle(now_us, IDLE_MS) {
            // Not a failure: forgotten before its end is heard of.
            if let Some(idle) = self.running.remove(&entry.creditor) {
                self.tenant_of.remove(&idle.actor);
            }
            entry.address.stop("idle");
            self.failures.remove(&entry.creditor);
        }
        for entry in self.admission.tenants.all() {
            entry.with_state(|state| state.forget_full_keys(now_us));
        }
        self.sweeping
            .reschedule(self.me.send_after(SWEEP_EVERY, RegistryMsg::Sweep));
    }
}
