//! One tenant: brings what a decision on its requests lacks.
//!
//! Requests are decided at the tenant's desk on live state that is known to be fresh: read after
//! the last change that this process heard of, while the control feed is being heard. Otherwise a
//! request waits here for a reading that began after it came. A secret that was never checked
//! waits for bcrypt.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use secrecy::SecretString;

use super::client_network::Source;
use super::decision::Verdict;
use super::handle::Admission;
use super::request::Knock;
use super::secret_verifier::VerifierMsg;
use super::tenant_entry::TenantSlot;
use super::tenant_msg::{Check, TenantMsg};
use super::tenant_snapshot::{Live, Question, SecretHash, load};
use super::tenant_state::Answer;
use super::verified_secrets::is_same;
use crate::contract::ApiError;

/// Longer than a place in the queue for bcrypt is ever worth waiting for.
const BCRYPT_PATIENCE: Duration = Duration::from_secs(8);
/// A reading that takes longer is given up: its connection may be half open.
const LOAD_PATIENCE: Duration = Duration::from_secs(5);
/// Requests of one tenant that may wait for a reading or for bcrypt.
const MOST_WAITING: usize = 10_000;
/// Secrets of one tenant that may be with bcrypt: wrong ones of one prefix must not fill its queue.
const MOST_CHECKS: usize = 16;

/// What a [`Tenant`] starts with.
pub(crate) struct TenantArgs {
    pub(crate) admission: Arc<Admission>,
    pub(crate) slot: Arc<TenantSlot>,
}

/// What a [`Tenant`] knows.
pub(crate) struct TenantState {
    admission: Arc<Admission>,
    slot: Arc<TenantSlot>,
    /// The reading that is under way.
    reading: Option<u64>,
    /// Came before the reading that is under way began.
    waiting: Vec<Waiting>,
    /// Came after: they need the next one.
    waiting_for_next: Vec<Waiting>,
    unverified: HashMap<Check, Vec<Waiting>>,
}

struct Waiting {
    knock: Box<Knock>,
    reply: RpcReplyPort<Verdict>,
}

/// Serves the requests of one creditor.
pub(crate) struct Tenant;

impl Actor for Tenant {
    type Msg = TenantMsg;
    type State = TenantState;
    type Arguments = TenantArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let mut state = TenantState {
            admission: args.admission,
            slot: args.slot,
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
            TenantMsg::Admit { knock, reply } => state.admit(Waiting { knock, reply }),
            TenantMsg::Loaded { number, live } => state.loaded(number, live),
            TenantMsg::Verified { check, verdict } => state.verified(check, verdict),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            TenantMsg::Panic => panic!("injected into a Tenant"),
        }
        Ok(())
    }
}

impl TenantState {
    fn admit(&mut self, waiting: Waiting) {
        let answer = waiting.knock.ask(&self.admission, &self.slot);
        self.act_on(answer, waiting);
    }

    /// Brings what the desk lacks for a decision.
    fn act_on(&mut self, answer: Answer, waiting: Waiting) {
        match answer {
            Answer::Decided(verdict) => {
                let _ = waiting.reply.send(verdict);
            }
            Answer::Unproven(question) => self.check_secret(*question, waiting),
            Answer::Nobodys => self.refuse_guess(waiting),
            Answer::Stale => self.wait_for_reading(waiting),
        }
    }

    fn wait_for_reading(&mut self, waiting: Waiting) {
        if self.waiting.len() + self.waiting_for_next.len() >= MOST_WAITING {
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
        let (admission, slot) = (Arc::clone(&self.admission), Arc::clone(&self.slot));
        let epoch = slot.epoch();
        tokio::spawn(async move {
            let read = tokio::time::timeout(
                LOAD_PATIENCE,
                load(&admission.env, &admission.proofs, slot.creditor, epoch),
            );
            let live = match read.await {
                Ok(Ok(live)) => {
                    tracing::debug!(creditor = %slot.creditor, keys = live.keys.len(), "a tenant was read");
                    Some(Box::new(live))
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, creditor = %slot.creditor, "a tenant could not be read");
                    None
                }
                Err(_) => {
                    tracing::error!(creditor = %slot.creditor, "a tenant was not read in time");
                    None
                }
            };
            let _ = slot.address.send(TenantMsg::Loaded { number, live });
        });
    }

    /// A reading that an earlier incarnation began is none of ours: it began before our requests.
    fn loaded(&mut self, number: u64, live: Option<Box<Live>>) {
        if self.reading != Some(number) {
            return;
        }
        self.reading = None;
        let served = std::mem::take(&mut self.waiting);
        match live {
            Some(live) => {
                self.slot.at_desk(|desk| desk.lay_out(*live));
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
        let knock = &waiting.knock;
        match knock.ask_what_was_just_read(&self.admission, &self.slot) {
            Answer::Stale => self.waiting_for_next.push(waiting),
            answer => self.act_on(answer, waiting),
        }
    }

    fn check_secret(&mut self, question: Question, waiting: Waiting) {
        let Question { key, hash } = question;
        let SecretHash { bcrypt, digest } = *hash;
        let (knock, now_ms) = (&waiting.knock, self.admission.env.clock.now_ms());
        let (prefix, mac) = (knock.key.prefix, knock.mac);
        let matched = self.admission.proofs.matched(&prefix, digest);
        if matched.is_some_and(|matched| is_same(&matched, &mac)) {
            self.slot.at_desk(|desk| desk.proven(key, mac, digest));
            self.admit(waiting);
            return;
        }
        if matched.is_some() {
            // Another secret is behind the hash, so this one is not: bcrypt has nothing to add.
            self.refuse_guess(waiting);
            return;
        }
        let guesses = &self.admission.guesses;
        if let Err(error) = guesses.may_try(&mac, prefix.as_str(), knock.client, now_ms) {
            refuse(waiting, error);
        } else {
            let check = Check {
                key,
                hash: digest,
                mac,
            };
            self.wait_for_bcrypt(check, bcrypt, waiting);
        }
    }

    /// The secret is known to be wrong: one more guess of its caller.
    fn refuse_guess(&self, waiting: Waiting) {
        let Knock {
            key, mac, client, ..
        } = waiting.knock.as_ref();
        let (guesses, now_ms) = (&self.admission.guesses, self.admission.env.clock.now_ms());
        let prefix = key.prefix.as_str();
        let refusal = match guesses.may_try(mac, prefix, *client, now_ms) {
            Ok(()) => {
                guesses.refused(mac, prefix, *client, now_ms);
                ApiError::InvalidApiKey
            }
            Err(error) => error,
        };
        refuse(waiting, refusal);
    }

    /// One check for all who bring the same secret.
    fn wait_for_bcrypt(&mut self, check: Check, hash: String, waiting: Waiting) {
        let asked = self.unverified.len();
        if asked >= MOST_CHECKS && !self.unverified.contains_key(&check) {
            refuse(waiting, ApiError::Overloaded);
            return;
        }
        let secret = SecretString::from(waiting.knock.key.secret.expose());
        let queue = self.unverified.entry(check).or_default();
        if queue.len() >= MOST_WAITING {
            refuse(waiting, ApiError::Overloaded);
            return;
        }
        queue.push(waiting);
        if queue.len() == 1 {
            self.ask_bcrypt(check, secret, hash);
        }
    }

    /// Asks once for all who wait for the answer, and always gets one.
    fn ask_bcrypt(&mut self, check: Check, secret: SecretString, hash: String) {
        let (admission, tenant) = (Arc::clone(&self.admission), self.slot.address.clone());
        tokio::spawn(async move {
            let verifier = &admission.verifier;
            let asked = verifier.call(BCRYPT_PATIENCE, |reply| VerifierMsg::Verify {
                secret,
                hash,
                reply,
            });
            let verdict = asked.await.unwrap_or(Err(ApiError::Overloaded));
            let _ = tenant.send(TenantMsg::Verified { check, verdict });
        });
    }

    fn verified(&mut self, check: Check, verdict: Result<bool, ApiError>) {
        let waiting = self.unverified.remove(&check).unwrap_or_default();
        match verdict {
            Ok(true) => self.proven(check, waiting),
            Ok(false) => self.disproven(&check, waiting),
            Err(error) => refuse_all(waiting, &error),
        }
    }

    /// Which hash it matched is known now, not whether the key is good: that is judged again on
    /// live state, for the key may have ended while bcrypt was at work.
    fn proven(&mut self, check: Check, waiting: Vec<Waiting>) {
        let Check { key, hash, mac } = check;
        if let Some(Waiting { knock, .. }) = waiting.first() {
            self.admission.proofs.add(knock.key.prefix, mac, hash);
        }
        self.slot.at_desk(|desk| desk.proven(key, mac, hash));
        waiting.into_iter().for_each(|waiting| self.admit(waiting));
    }

    /// However many waited for it, one guess of each of their addresses.
    fn disproven(&self, check: &Check, waiting: Vec<Waiting>) {
        let (guesses, now_ms) = (&self.admission.guesses, self.admission.env.clock.now_ms());
        let mut counted = HashSet::new();
        for Waiting { knock, .. } in &waiting {
            if counted.insert(Source::of(knock.client)) {
                let prefix = knock.key.prefix.as_str();
                guesses.refused(&check.mac, prefix, knock.client, now_ms);
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
