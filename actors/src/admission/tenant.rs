//! One tenant: brings what a decision on its requests lacks.
//!
//! Requests are decided at the tenant's state on live state that is known to be fresh: read after
//! the last change that this process heard of, while the control feed is being heard. Otherwise a
//! request waits here for a reading that began after it came. A secret that was never checked
//! waits for bcrypt.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use secrecy::SecretString;

use super::client_network::ClientNetwork;
use super::decision::AdmissionResult;
use super::handle::Admission;
use super::request::AdmissionRequest;
use super::secret_verifier::SecretVerifierMsg;
use super::tenant_entry::TenantEntry;
use super::tenant_msg::{SecretCheck, TenantMsg};
use super::tenant_snapshot::{SecretHash, TenantSnapshot, VerificationInput, load};
use super::tenant_state::Decision;
use super::verified_secrets::is_same;
use crate::contract::ApiError;

/// Longer than a place in the queue for bcrypt is ever worth waiting for.
const BCRYPT_TIMEOUT: Duration = Duration::from_secs(8);
/// A reading that takes longer is given up: its connection may be half open.
const LOAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Requests of one tenant that may wait for a reading or for bcrypt.
const MAX_WAITING: usize = 10_000;
/// Secrets of one tenant that may be with bcrypt: wrong ones of one prefix must not fill its queue.
const MAX_CHECKS: usize = 16;

/// What a [`Tenant`] starts with.
pub(crate) struct TenantArgs {
    pub(crate) admission: Arc<Admission>,
    pub(crate) entry: Arc<TenantEntry>,
}

/// What a [`Tenant`] knows.
pub(crate) struct TenantActorState {
    admission: Arc<Admission>,
    entry: Arc<TenantEntry>,
    /// The reading that is under way.
    reading: Option<u64>,
    /// Came before the reading that is under way began.
    waiting: Vec<Waiting>,
    /// Came after: they need the next one.
    waiting_for_next: Vec<Waiting>,
    unverified: HashMap<SecretCheck, Vec<Waiting>>,
}

struct Waiting {
    request: Box<AdmissionRequest>,
    reply: RpcReplyPort<AdmissionResult>,
}

/// Serves the requests of one creditor.
pub(crate) struct Tenant;

impl Actor for Tenant {
    type Msg = TenantMsg;
    type State = TenantActorState;
    type Arguments = TenantArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let mut state = TenantActorState {
            admission: args.admission,
            entry: args.entry,
            reading: None,
            waiting: Vec::new(),
            waiting_for_next: Vec::new(),
            unverified: HashMap::new(),
        };
        // Not awaited: the Registry that spawns this must not wait for a database.
        state.begin_load();
        Ok(state)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            TenantMsg::Admit { request, reply } => state.admit(Waiting { request, reply }),
            TenantMsg::Loaded { number, live } => state.loaded(number, live),
            TenantMsg::Verified { check, verdict } => state.verified(check, verdict),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            TenantMsg::Panic => panic!("injected into a Tenant"),
        }
        Ok(())
    }
}

impl TenantActorState {
    fn admit(&mut self, waiting: Waiting) {
        let answer = waiting.request.ask(&self.admission, &self.entry);
        self.act_on(answer, waiting);
    }

    /// Brings what the state lacks for a decision.
    fn act_on(&mut self, answer: Decision, waiting: Waiting) {
        match answer {
            Decision::Decided(verdict) => {
                let _ = waiting.reply.send(verdict);
            }
            Decision::NeedsVerification(question) => self.check_secret(*question, waiting),
            Decision::UnknownKey => self.refuse_guess(waiting),
            Decision::Stale => self.wait_for_reading(waiting),
        }
    }

    fn wait_for_reading(&mut self, waiting: Waiting) {
        if self.waiting.len() + self.waiting_for_next.len() >= MAX_WAITING {
            refuse(waiting, ApiError::Overloaded);
        } else if self.reading.is_some() {
            self.waiting_for_next.push(waiting);
        } else {
            self.waiting.push(waiting);
            self.begin_load();
        }
    }

    fn begin_load(&mut self) {
        let number = next_reading();
        self.reading = Some(number);
        let (admission, entry) = (Arc::clone(&self.admission), Arc::clone(&self.entry));
        let generation = entry.generation();
        tokio::spawn(async move {
            let read = tokio::time::timeout(
                LOAD_TIMEOUT,
                load(
                    &admission.env,
                    &admission.verified_secrets,
                    entry.creditor,
                    generation,
                ),
            );
            let live = match read.await {
                Ok(Ok(live)) => {
                    tracing::debug!(creditor = %entry.creditor, keys = live.keys.len(), "a tenant was read");
                    Some(Box::new(live))
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, creditor = %entry.creditor, "a tenant could not be read");
                    None
                }
                Err(_) => {
                    tracing::error!(creditor = %entry.creditor, "a tenant was not read in time");
                    None
                }
            };
            let _ = entry.address.send(TenantMsg::Loaded { number, live });
        });
    }

    /// A reading that an earlier incarnation began is none of ours: it began before our requests.
    fn loaded(&mut self, number: u64, live: Option<Box<TenantSnapshot>>) {
        if self.reading != Some(number) {
            return;
        }
        self.reading = None;
        let served = std::mem::take(&mut self.waiting);
        match live {
            Some(live) => {
                self.entry.with_state(|state| state.install(*live));
                for waiting in served {
                    self.serve(waiting);
                }
            }
            None => refuse_all(served, &ApiError::Overloaded),
        }
        if self.reading.is_none() && !self.waiting_for_next.is_empty() {
            self.waiting = std::mem::take(&mut self.waiting_for_next);
            self.begin_load();
        }
    }

    /// For whom it was read, unless something changed while it was.
    fn serve(&mut self, waiting: Waiting) {
        let request = &waiting.request;
        match request.ask_what_was_just_read(&self.admission, &self.entry) {
            Decision::Stale => self.waiting_for_next.push(waiting),
            answer => self.act_on(answer, waiting),
        }
    }

    fn check_secret(&mut self, question: VerificationInput, waiting: Waiting) {
        let VerificationInput { key, hash } = question;
        let SecretHash { bcrypt, digest } = *hash;
        let (request, now_ms) = (&waiting.request, self.admission.env.clock.now_ms());
        let (prefix, mac) = (request.key.prefix, request.mac);
        let matched = self.admission.verified_secrets.matched(&prefix, digest);
        if matched.is_some_and(|matched| is_same(&matched, &mac)) {
            self.entry
                .with_state(|state| state.proven(key, mac, digest));
            self.admit(waiting);
            return;
        }
        if matched.is_some() {
            // Another secret is behind the hash, so this one is not: bcrypt has nothing to add.
            self.refuse_guess(waiting);
            return;
        }
        let key_guesses = &self.admission.key_guesses;
        if let Err(error) = key_guesses.may_try(&mac, prefix.as_str(), request.client, now_ms) {
            refuse(waiting, error);
        } else {
            let check = SecretCheck {
                key,
                hash: digest,
                mac,
            };
            self.wait_for_bcrypt(check, bcrypt, waiting);
        }
    }

    /// The secret is known to be wrong: one more guess of its caller.
    fn refuse_guess(&self, waiting: Waiting) {
        let AdmissionRequest {
            key, mac, client, ..
        } = waiting.request.as_ref();
        let (key_guesses, now_ms) = (
            &self.admission.key_guesses,
            self.admission.env.clock.now_ms(),
        );
        let prefix = key.prefix.as_str();
        let refusal = match key_guesses.may_try(mac, prefix, *client, now_ms) {
            Ok(()) => {
                key_guesses.refused(mac, prefix, *client, now_ms);
                ApiError::InvalidApiKey
            }
            Err(error) => error,
        };
        refuse(waiting, refusal);
    }

    /// One check for all who bring the same secret.
    fn wait_for_bcrypt(&mut self, check: SecretCheck, hash: String, waiting: Waiting) {
        let asked = self.unverified.len();
        if asked >= MAX_CHECKS && !self.unverified.contains_key(&check) {
            refuse(waiting, ApiError::Overloaded);
            return;
        }
        let secret = SecretString::from(waiting.request.key.secret.expose());
        let queue = self.unverified.entry(check).or_default();
        if queue.len() >= MAX_WAITING {
            refuse(waiting, ApiError::Overloaded);
            return;
        }
        queue.push(waiting);
        if queue.len() == 1 {
            self.ask_bcrypt(check, secret, hash);
        }
    }

    /// Asks once for all who wait for the answer, and always gets one.
    fn ask_bcrypt(&mut self, check: SecretCheck, secret: SecretString, hash: String) {
        let (admission, tenant) = (Arc::clone(&self.admission), self.entry.address.clone());
        tokio::spawn(async move {
            let verifier = &admission.verifier;
            let asked = verifier.call(BCRYPT_TIMEOUT, |reply| SecretVerifierMsg::Verify {
                secret,
                hash,
                reply,
            });
            let verdict = asked.await.unwrap_or(Err(ApiError::Overloaded));
            let _ = tenant.send(TenantMsg::Verified { check, verdict });
        });
    }

    fn verified(&mut self, check: SecretCheck, verdict: Result<bool, ApiError>) {
        let waiting = self.unverified.remove(&check).unwrap_or_default();
        match verdict {
            Ok(true) => self.proven(check, waiting),
            Ok(false) => self.disproven(&check, waiting),
            Err(error) => refuse_all(waiting, &error),
        }
    }

    /// Which hash it matched is known now, not whether the key is good: that is judged again on
    /// live state, for the key may have ended while bcrypt was at work.
    fn proven(&mut self, check: SecretCheck, waiting: Vec<Waiting>) {
        let SecretCheck { key, hash, mac } = check;
        if let Some(Waiting { request, .. }) = waiting.first() {
            self.admission
                .verified_secrets
                .add(request.key.prefix, mac, hash);
        }
        self.entry.with_state(|state| state.proven(key, mac, hash));
        waiting.into_iter().for_each(|waiting| self.admit(waiting));
    }

    /// However many waited for it, one guess of each of their addresses.
    fn disproven(&self, check: &SecretCheck, waiting: Vec<Waiting>) {
        let (key_guesses, now_ms) = (
            &self.admission.key_guesses,
            self.admission.env.clock.now_ms(),
        );
        let mut counted = HashSet::new();
        for Waiting { request, .. } in &waiting {
            if counted.insert(ClientNetwork::of(request.client)) {
                let prefix = request.key.prefix.as_str();
                key_guesses.refused(&check.mac, prefix, request.client, now_ms);
            }
        }
        refuse_all(waiting, &ApiError::InvalidApiKey);
    }
}

fn refuse(waiting: Waiting, error: ApiError) {
    let _ = waiting.reply.send(Err(error.into()));
}

fn refuse_all(waiting: Vec<Waiting>, error: &ApiError) {
    waiting
        .into_iter()
        .for_each(|waiting| refuse(waiting, error.clone()));
}

/// Tells readings apart, those of earlier incarnations included.
fn next_reading() -> u64 {
    static READINGS: AtomicU64 = AtomicU64::new(0);
    READINGS.fetch_add(1, Ordering::Relaxed)
}
