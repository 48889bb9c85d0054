//! One tenant: owns the decision on each of its requests.
//!
//! A request is decided on live state that is known to be fresh: loaded after the last change
//! that this process heard of, while the control feed is being heard. Otherwise the request waits
//! for a reading that began after it came. A secret that was never checked waits for bcrypt.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entities::ids::KeyId;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use secrecy::SecretString;

use super::book::TenantSlot;
use super::decision::{Admission, Refusal};
use super::judge::judge;
use super::last_use::LastUseMsg;
use super::proofs::{HashDigest, Mac};
use super::tenant_load::{Live, LiveKey, load};
use super::verifier::VerifierMsg;
use crate::api::error::ApiError;
use crate::api::request::RouteNeeds;
use crate::domain::api_key::PresentedKey;
use crate::domain::key_life;
use crate::house::House;
use crate::keys;

/// Longer than a place in the queue for bcrypt is ever worth waiting for.
const BCRYPT_PATIENCE: Duration = Duration::from_secs(8);
/// A reading that takes longer is given up: its connection may be half open.
const LOAD_PATIENCE: Duration = Duration::from_secs(5);
/// Requests of one tenant that may wait for a reading or for bcrypt.
const MOST_WAITING: usize = 10_000;
/// Secrets of one tenant that may be with bcrypt: wrong ones of one prefix must not fill its queue.
const MOST_QUESTIONS: usize = 16;

/// The use of a key is passed on so often at most.
const TELL_USE_EVERY_MS: i64 = 1_000;

/// The answer to a [`Knock`].
pub(crate) type Verdict = Result<Admission, Refusal>;

/// A request that asks to be let in.
#[derive(Debug)]
pub(crate) struct Knock {
    pub(crate) key: PresentedKey,
    /// By which it is remembered.
    pub(crate) mac: Mac,
    /// Where it comes from.
    pub(crate) client: IpAddr,
    pub(crate) needs: RouteNeeds,
}

/// Which secret a verification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    key: KeyId,
    hash: HashDigest,
    mac: Mac,
}

/// Messages of a [`Tenant`].
#[derive(Debug)]
pub(crate) enum TenantMsg {
    /// May this request go on?
    Admit {
        knock: Box<Knock>,
        reply: RpcReplyPort<Verdict>,
    },
    /// Live state was read, or could not be.
    Loaded {
        number: u64,
        live: Option<Box<Live>>,
    },
    /// bcrypt has spoken.
    Verified {
        question: Question,
        verdict: Result<bool, ApiError>,
    },
    /// The creditor was told that a key in use is about to stop, or could not be.
    ToldExpiring { key: KeyId, done: bool },
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// What a [`Tenant`] starts with.
pub(crate) struct TenantArgs {
    pub(crate) house: Arc<House>,
    pub(crate) slot: Arc<TenantSlot>,
}

/// What a [`Tenant`] knows.
pub(crate) struct TenantState {
    house: Arc<House>,
    slot: Arc<TenantSlot>,
    live: Option<Live>,
    /// When the use of a key was passed on last, epoch ms.
    uses_told: HashMap<KeyId, i64>,
    /// Keys of whose near end the creditor was told, or is being told.
    expiring_told: HashSet<KeyId>,
    /// The reading that is under way.
    reading: Option<u64>,
    /// Came before the reading that is under way began.
    waiting: Vec<Waiting>,
    /// Came after: they need the next one.
    waiting_for_next: Vec<Waiting>,
    unverified: HashMap<Question, Vec<Waiting>>,
}

struct Waiting {
    knock: Box<Knock>,
    reply: RpcReplyPort<Verdict>,
}

/// Decides on the requests of one creditor.
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
            house: args.house,
            slot: args.slot,
            live: None,
            uses_told: HashMap::new(),
            expiring_told: HashSet::new(),
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
            TenantMsg::Verified { question, verdict } => state.verified(question, verdict),
            TenantMsg::ToldExpiring { key, done } => state.told_expiring(key, done),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            TenantMsg::Panic => panic!("injected into a Tenant"),
        }
        Ok(())
    }
}

impl TenantState {
    fn admit(&mut self, waiting: Waiting) {
        self.slot.used(self.house.clock.now_ms());
        if self.is_fresh() {
            self.check_secret(waiting);
        } else if self.waiting.len() + self.waiting_for_next.len() >= MOST_WAITING {
            refuse(waiting, ApiError::Overloaded);
        } else if self.reading.is_some() {
            self.waiting_for_next.push(waiting);
        } else {
            self.waiting.push(waiting);
            self.begin_load();
        }
    }

    /// Memory may decide while nothing has changed since it was read, and the feed that would tell
    /// of changes is being heard.
    fn is_fresh(&self) -> bool {
        let unchanged = self
            .live
            .as_ref()
            .is_some_and(|live| live.epoch == self.slot.epoch());
        unchanged && self.house.standing.feed_is_fresh(self.house.clock.now_ms())
    }

    fn begin_load(&mut self) {
        let number = next_reading();
        self.reading = Some(number);
        let (house, slot) = (Arc::clone(&self.house), Arc::clone(&self.slot));
        let epoch = slot.epoch();
        tokio::spawn(async move {
            let read = tokio::time::timeout(LOAD_PATIENCE, load(&house, slot.creditor, epoch));
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
        let current = live
            .as_ref()
            .is_some_and(|live| live.epoch == self.slot.epoch());
        let failed = live.is_none();
        self.live = live.map(|live| *live);
        if current {
            served
                .into_iter()
                .for_each(|waiting| self.check_secret(waiting));
        } else if failed {
            refuse_all(served, &ApiError::Overloaded);
        } else {
            // Something changed while it was read: these wait for another reading.
            self.waiting_for_next.extend(served);
        }
        if !self.waiting_for_next.is_empty() {
            self.waiting = std::mem::take(&mut self.waiting_for_next);
            self.begin_load();
        }
    }

    /// The secret first: only who holds it is told anything about the key.
    fn check_secret(&mut self, waiting: Waiting) {
        let knock = &waiting.knock;
        let prefix = knock.key.prefix.as_str();
        let known = self.live.as_ref().and_then(|live| live.keys.get(prefix));
        let Some((key, (hash, digest))) = known.and_then(secret_of) else {
            let _ = waiting.reply.send(Err(ApiError::InvalidApiKey.into()));
            return;
        };
        if self.house.proofs.holds(key, &knock.mac, digest) {
            self.decide(waiting);
            return;
        }
        let now_ms = self.house.clock.now_ms();
        let guesses = &self.house.guesses;
        if let Err(error) = guesses.may_try(&knock.mac, prefix, knock.client, now_ms) {
            refuse(waiting, error);
            return;
        }
        let question = Question {
            key,
            hash: digest,
            mac: knock.mac,
        };
        let hash = hash.clone();
        self.wait_for_bcrypt(question, hash, waiting);
    }

    /// One question for all who bring the same secret.
    fn wait_for_bcrypt(&mut self, question: Question, hash: String, waiting: Waiting) {
        let asked = self.unverified.len();
        if asked >= MOST_QUESTIONS && !self.unverified.contains_key(&question) {
            refuse(waiting, ApiError::Overloaded);
            return;
        }
        let secret = SecretString::from(waiting.knock.key.secret.expose());
        let queue = self.unverified.entry(question).or_default();
        if queue.len() >= MOST_WAITING {
            refuse(waiting, ApiError::Overloaded);
            return;
        }
        queue.push(waiting);
        if queue.len() == 1 {
            self.ask_bcrypt(question, secret, hash);
        }
    }

    /// Asks once for all who wait for the answer, and always gets one.
    fn ask_bcrypt(&mut self, question: Question, secret: SecretString, hash: String) {
        let (house, tenant) = (Arc::clone(&self.house), self.slot.address.clone());
        tokio::spawn(async move {
            let verifier = &house.addresses.verifier;
            let asked = verifier.call(BCRYPT_PATIENCE, |reply| VerifierMsg::Verify {
                secret,
                hash,
                reply,
            });
            let verdict = asked.await.unwrap_or(Err(ApiError::Overloaded));
            let _ = tenant.send(TenantMsg::Verified { question, verdict });
        });
    }

    fn verified(&mut self, question: Question, verdict: Result<bool, ApiError>) {
        let waiting = self.unverified.remove(&question).unwrap_or_default();
        match verdict {
            Ok(true) => {
                // Which hash it matched, not which key: that is judged again on live state, for
                // the key may have ended while bcrypt was at work.
                let Question { key, hash, mac } = question;
                self.house.proofs.add(key, mac, hash);
                waiting.into_iter().for_each(|waiting| self.admit(waiting));
            }
            Ok(false) => {
                let now_ms = self.house.clock.now_ms();
                for Waiting { knock, .. } in &waiting {
                    let prefix = knock.key.prefix.as_str();
                    let guesses = &self.house.guesses;
                    guesses.refused(&question.mac, prefix, knock.client, now_ms);
                }
                refuse_all(waiting, &ApiError::InvalidApiKey);
            }
            Err(error) => refuse_all(waiting, &error),
        }
    }

    fn decide(&mut self, waiting: Waiting) {
        let now_us = self.house.clock.now_us();
        let verdict = match &self.live {
            Some(live) => judge(live, &self.slot, &waiting.knock, now_us),
            None => Err(ApiError::Overloaded.into()),
        };
        if verdict.is_ok() {
            self.note_use(&waiting.knock, now_us / 1_000);
        }
        let _ = waiting.reply.send(verdict);
    }

    /// Passes on that a key was used, and warns of its near end.
    fn note_use(&mut self, knock: &Knock, now_ms: i64) {
        let keys = self.live.as_ref().map(|live| &live.keys);
        let Some(key) = keys.and_then(|keys| keys.get(knock.key.prefix.as_str())) else {
            return;
        };
        let (id, near_its_end) = (key.id, !key.expiring_told && is_near_its_end(key, now_ms));
        let told_ms = self.uses_told.get(&id);
        if told_ms.is_none_or(|told_ms| now_ms - told_ms >= TELL_USE_EVERY_MS) {
            self.uses_told.insert(id, now_ms);
            let used = LastUseMsg::Used {
                key: id,
                at_ms: now_ms,
                address: knock.client,
            };
            let _ = self.house.addresses.last_use.send(used);
        }
        if near_its_end && self.expiring_told.insert(id) {
            self.tell_expiring(id);
        }
    }

    fn tell_expiring(&self, key: KeyId) {
        let (house, slot) = (Arc::clone(&self.house), Arc::clone(&self.slot));
        tokio::spawn(async move {
            let told = keys::tell_expiring(&house, slot.creditor, key).await;
            if let Err(error) = &told {
                tracing::warn!(%error, "a key's near end was not told; trying again at its next use");
            }
            let done = told.is_ok();
            let _ = slot.address.send(TenantMsg::ToldExpiring { key, done });
        });
    }

    fn told_expiring(&mut self, key: KeyId, done: bool) {
        if !done {
            self.expiring_told.remove(&key);
        }
    }
}

fn secret_of(key: &LiveKey) -> Option<(KeyId, (&String, HashDigest))> {
    let (hash, digest) = key.secret_hash.as_ref()?;
    Some((key.id, (hash, *digest)))
}

fn is_near_its_end(key: &LiveKey, now_ms: i64) -> bool {
    let span = key.retired_ms.zip(key.expires_ms);
    span.is_some_and(|(retired, expires)| key_life::is_near_its_end(retired, expires, now_ms))
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
