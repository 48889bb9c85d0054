//! The tenant actor loads the state that a decision on one of its requests lacks.
//!
//! A request is decided in the tenant state if the snapshot is current and the control feed is fresh.
//! Otherwise it waits here for a load that starts after it arrived. A request with an unverified
//! secret waits for bcrypt. The message handler itself never waits for the database or bcrypt.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ractor::{ActorProcessingErr, RpcReplyPort};
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
use crate::supervision::{Actor, spawn_and_notify};

/// How long a request waits for bcrypt, including its time in the queue.
const BCRYPT_TIMEOUT: Duration = Duration::from_secs(8);
/// Time after which a load is abandoned. Its connection may be half open.
const LOAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum number of requests of one tenant that wait for a load, or for one bcrypt check.
const MAX_WAITING: usize = 10_000;
/// Maximum number of pending bcrypt checks of one tenant. Wrong secrets for one prefix must not fill
/// the bcrypt queue.
const MAX_CHECKS: usize = 16;

/// Serves the requests of one creditor.
pub(crate) struct Tenant {
    admission: Arc<Admission>,
    entry: Arc<TenantEntry>,
    /// Number of the load in progress.
    reading: Option<u64>,
    /// Requests that arrived before the load in progress began.
    waiting: Vec<Waiting>,
    /// Requests that arrived after the load began. They need the next load.
    waiting_for_next: Vec<Waiting>,
    /// Requests that wait for each pending bcrypt check.
    unverified: HashMap<SecretCheck, Vec<Waiting>>,
}

/// A request that waits for a load or for bcrypt.
struct Waiting {
    request: Box<AdmissionRequest>,
    reply: RpcReplyPort<AdmissionResult>,
}

impl Actor for Tenant {
    type Msg = TenantMsg;

    /// Starts a load. It is not awaited, because the Registry spawns this actor and must not wait for the database.
    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        self.begin_load();
        Ok(())
    }

    async fn handle(&mut self, message: TenantMsg) -> Result<(), ActorProcessingErr> {
        match message {
            TenantMsg::Admit { request, reply } => self.admit(Waiting { request, reply }),
            TenantMsg::Loaded { number, live } => self.loaded(number, live),
            TenantMsg::Verified { check, verdict } => self.verified(check, verdict),
        }
        Ok(())
    }
}

impl Tenant {
    pub(super) fn new(admission: Arc<Admission>, entry: Arc<TenantEntry>) -> Self {
        Self {
            admission,
            entry,
            reading: None,
            waiting: Vec::new(),
            waiting_for_next: Vec::new(),
            unverified: HashMap::new(),
        }
    }

    fn admit(&mut self, waiting: Waiting) {
        let answer = waiting
            .request
            .decide_if_feed_fresh(&self.admission, &self.entry);
        self.act_on(answer, waiting);
    }

    /// Replies with the decision, or starts the work that the decision lacks.
    fn act_on(&mut self, answer: Decision, waiting: Waiting) {
        match answer {
            Decision::Decided(verdict) => {
                let _ = waiting.reply.send(verdict);
            }
            Decision::NeedsVerification(input) => self.check_secret(*input, waiting),
            Decision::UnknownKey => self.refuse_guess(waiting),
            Decision::SecretMissing => self.wait_for_secret(waiting),
            Decision::Stale => self.wait_for_load(waiting),
        }
    }

    fn wait_for_load(&mut self, waiting: Waiting) {
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
        let number = next_load_number();
        self.reading = Some(number);
        let (admission, entry) = (Arc::clone(&self.admission), Arc::clone(&self.entry));
        let generation = entry.generation();
        let died = TenantMsg::Loaded { number, live: None };
        spawn_and_notify(&self.entry.handle, died, async move {
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
                    tracing::debug!(creditor_id = %entry.creditor, keys = live.keys.len(), "loaded a tenant");
                    Some(Box::new(live))
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, creditor_id = %entry.creditor, "a tenant could not be loaded");
                    None
                }
                Err(_) => {
                    tracing::error!(creditor_id = %entry.creditor, "loading a tenant timed out");
                    None
                }
            };
            TenantMsg::Loaded { number, live }
        });
    }

    /// Ignores a load that an earlier incarnation started: it began before the requests of this one.
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

    /// Decides a request after the load it waited for. The request waits for the next load if the
    /// tenant changed during this one.
    fn serve(&mut self, waiting: Waiting) {
        let request = &waiting.request;
        match request.decide_from_snapshot(&self.admission, &self.entry) {
            Decision::Stale => self.waiting_for_next.push(waiting),
            Decision::SecretMissing => self.refuse_unrevealed(waiting),
            answer => self.act_on(answer, waiting),
        }
    }

    fn check_secret(&mut self, input: VerificationInput, waiting: Waiting) {
        let VerificationInput { key, hash } = input;
        let SecretHash { bcrypt, digest } = *hash;
        let (request, now_ms) = (&waiting.request, self.admission.env.clock.mono_ms());
        let (prefix, mac) = (request.key.prefix, request.mac);
        let matched = self.admission.verified_secrets.matched(&prefix, digest);
        if matched.is_some_and(|matched| is_same(&matched, &mac)) {
            self.entry
                .with_state(|state| state.proven(key, mac, digest));
            self.admit(waiting);
            return;
        }
        if matched.is_some() {
            // A different secret matches the hash, so this one cannot. No bcrypt check is needed.
            self.refuse_guess(waiting);
            return;
        }
        let key_guesses = &self.admission.key_guesses;
        if let Err(error) = key_guesses.check_key(&mac, prefix.as_str(), request.client, now_ms) {
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

    /// Loads the state again before it refuses a key without a secret, unless the caller is throttled.
    fn wait_for_secret(&mut self, waiting: Waiting) {
        let (request, now_ms) = (&waiting.request, self.admission.env.clock.mono_ms());
        let (prefix, key_guesses) = (request.key.prefix, &self.admission.key_guesses);
        match key_guesses.check_caller(prefix.as_str(), request.client, now_ms) {
            Ok(()) => self.wait_for_load(waiting),
            Err(error) => refuse(waiting, error),
        }
    }

    /// Refuses a key that has no secret in the database. It is not remembered as wrong, because it can be revealed at
    /// any time.
    fn refuse_unrevealed(&self, waiting: Waiting) {
        let (request, now_ms) = (&waiting.request, self.admission.env.clock.mono_ms());
        let (prefix, key_guesses) = (request.key.prefix, &self.admission.key_guesses);
        key_guesses.failed(prefix.as_str(), request.client, now_ms);
        refuse(waiting, ApiError::InvalidApiKey);
    }

    /// Refuses a secret that is known to be wrong, and counts a guess of its caller.
    fn refuse_guess(&self, waiting: Waiting) {
        let AdmissionRequest {
            key, mac, client, ..
        } = waiting.request.as_ref();
        let (key_guesses, now_ms) = (
            &self.admission.key_guesses,
            self.admission.env.clock.mono_ms(),
        );
        let prefix = key.prefix.as_str();
        let refusal = match key_guesses.check_key(mac, prefix, *client, now_ms) {
            Ok(()) => {
                key_guesses.refused(mac, prefix, *client, now_ms);
                ApiError::InvalidApiKey
            }
            Err(error) => error,
        };
        refuse(waiting, refusal);
    }

    /// Queues the request. Requests with the same secret share one bcrypt check.
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

    /// Starts one bcrypt check. A `Verified` message always follows, even after a panic.
    fn ask_bcrypt(&mut self, check: SecretCheck, secret: SecretString, hash: String) {
        let admission = Arc::clone(&self.admission);
        let died = TenantMsg::Verified {
            check,
            verdict: Err(ApiError::Overloaded),
        };
        spawn_and_notify(&self.entry.handle, died, async move {
            let verifier = &admission.verifier;
            let asked = verifier.call(BCRYPT_TIMEOUT, |reply| SecretVerifierMsg::Verify {
                secret,
                hash,
                reply,
            });
            let verdict = asked.await.unwrap_or(Err(ApiError::Overloaded));
            TenantMsg::Verified { check, verdict }
        });
    }

    fn verified(&mut self, check: SecretCheck, verdict: Result<bool, ApiError>) {
        let waiting = self.unverified.remove(&check).unwrap_or_default();
        match verdict {
            Ok(true) => self.on_match(check, waiting),
            Ok(false) => self.on_mismatch(&check, waiting),
            Err(error) => refuse_all(waiting, &error),
        }
    }

    /// Records the match and decides the waiting requests again. The key may have ended during the
    /// bcrypt check, so the match alone does not admit them.
    fn on_match(&mut self, check: SecretCheck, waiting: Vec<Waiting>) {
        let SecretCheck { key, hash, mac } = check;
        if let Some(Waiting { request, .. }) = waiting.first() {
            self.admission
                .verified_secrets
                .add(request.key.prefix, mac, hash);
        }
        self.entry.with_state(|state| state.proven(key, mac, hash));
        waiting.into_iter().for_each(|waiting| self.admit(waiting));
    }

    /// Refuses the waiting requests, and counts one guess for each client network.
    fn on_mismatch(&self, check: &SecretCheck, waiting: Vec<Waiting>) {
        let (key_guesses, now_ms) = (
            &self.admission.key_guesses,
            self.admission.env.clock.mono_ms(),
        );
        let mut counters = HashSet::new();
        for Waiting { request, .. } in &waiting {
            if counters.insert(ClientNetwork::of(request.client)) {
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

/// A number that is unique in this process, so that loads of earlier incarnations are recognised.
fn next_load_number() -> u64 {
    static LOADS: AtomicU64 = AtomicU64::new(0);
    LOADS.fetch_add(1, Ordering::Relaxed)
}
