//! One tenant: owns the decision on each of its requests.
//!
//! A request is decided on live state that is known to be fresh: loaded after the last change
//! that this process heard of, while the control feed is being heard. Otherwise the request waits
//! for a reading that began after it came. A secret that was never checked waits for bcrypt.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entities::api_key::{KeyEnd, KeyScope, KeyState};
use entities::ids::KeyId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use secrecy::SecretString;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::book::TenantSlot;
use super::cells::Limited;
use super::decision::{Admission, Refusal};
use super::tenant_load::{Live, load};
use super::verifier::VerifierMsg;
use crate::api::error::ApiError;
use crate::api::request::RouteNeeds;
use crate::domain::api_key::PresentedKey;
use crate::house::House;

/// Longer than a place in the queue for bcrypt is ever worth waiting for.
const BCRYPT_PATIENCE: Duration = Duration::from_secs(8);
/// A reading that takes longer is given up: its connection may be half open.
const LOAD_PATIENCE: Duration = Duration::from_secs(5);
/// Requests of one tenant that may wait for a reading or for bcrypt.
const MOST_WAITING: usize = 10_000;
/// Secrets of one tenant that may be with bcrypt: wrong ones of one prefix must not fill its queue.
const MOST_QUESTIONS: usize = 16;

/// The answer to a [`Knock`].
pub(crate) type Verdict = Result<Admission, Refusal>;

/// A request that asks to be let in.
#[derive(Debug)]
pub(crate) struct Knock {
    pub(crate) key: PresentedKey,
    pub(crate) needs: RouteNeeds,
}

/// Which secret a verification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    key: KeyId,
    mac: [u8; 32],
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
    /// Secrets that bcrypt has matched: the keyed MAC of the secret, and the hash it matched.
    matches: HashMap<KeyId, Match>,
    /// The reading that is under way.
    reading: Option<u64>,
    /// Came before the reading that is under way began.
    waiting: Vec<Waiting>,
    /// Came after: they need the next one.
    waiting_for_next: Vec<Waiting>,
    unverified: HashMap<Question, Vec<Waiting>>,
}

struct Match {
    mac: [u8; 32],
    hash: String,
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
            matches: HashMap::new(),
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
        let presented = &waiting.knock.key;
        let known = self
            .live
            .as_ref()
            .and_then(|live| live.keys.get(presented.prefix.as_str()));
        let Some((key, hash)) = known.and_then(|key| Some((key.id, key.secret_hash.clone()?)))
        else {
            let _ = waiting.reply.send(Err(ApiError::InvalidApiKey.into()));
            return;
        };
        let mac = keyed_mac(presented);
        if self.remembers(key, &mac, &hash) {
            self.decide(waiting);
            return;
        }
        let question = Question { key, mac };
        let secret = SecretString::from(presented.secret.expose());
        let asked = self.unverified.len();
        if asked >= MOST_QUESTIONS && !self.unverified.contains_key(&question) {
            refuse(waiting, ApiError::Overloaded);
            return;
        }
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

    fn remembers(&self, key: KeyId, mac: &[u8; 32], hash: &str) -> bool {
        let Some(known) = self.matches.get(&key) else {
            return false;
        };
        bool::from(known.mac.ct_eq(mac)) && known.hash == hash
    }

    fn verified(&mut self, question: Question, verdict: Result<bool, ApiError>) {
        let waiting = self.unverified.remove(&question).unwrap_or_default();
        match verdict {
            Ok(true) => {
                self.remember(question);
                // Judged again on live state: the key may have ended while bcrypt was at work.
                waiting.into_iter().for_each(|waiting| self.admit(waiting));
            }
            Ok(false) => refuse_all(waiting, &ApiError::InvalidApiKey),
            Err(error) => refuse_all(waiting, &error),
        }
    }

    fn remember(&mut self, question: Question) {
        let mut keys = self.live.iter().flat_map(|live| live.keys.values());
        let hash = keys
            .find(|key| key.id == question.key)
            .and_then(|key| key.secret_hash.clone());
        if let Some(hash) = hash {
            self.matches.insert(
                question.key,
                Match {
                    mac: question.mac,
                    hash,
                },
            );
        }
    }

    fn decide(&mut self, waiting: Waiting) {
        let verdict = self.judge(&waiting.knock);
        let _ = waiting.reply.send(verdict);
    }

    /// Whether the key lives, may do this, and finds room in both limits.
    fn judge(&self, knock: &Knock) -> Verdict {
        let live = self.live.as_ref().ok_or(ApiError::Overloaded)?;
        let prefix = knock.key.prefix.as_str();
        let key = live.keys.get(prefix).ok_or(ApiError::InvalidApiKey)?;
        let now_us = self.house.clock.now_us();
        match (key.state, key.ended_reason) {
            (KeyState::Ended, Some(KeyEnd::Expired)) => return Err(ApiError::ExpiredApiKey.into()),
            (KeyState::Ended, _) => return Err(ApiError::RevokedApiKey.into()),
            _ if key.expires_ms.is_some_and(|end| now_us / 1_000 >= end) => {
                return Err(ApiError::ExpiredApiKey.into());
            }
            _ => {}
        }
        if knock.needs.writes && key.scope == KeyScope::Read {
            let limits = self
                .slot
                .with_cells(|cells| cells.report(key.id, &live.limits, now_us));
            return Err(Refusal {
                error: ApiError::InsufficientScope,
                limits: Some(limits),
            });
        }
        let Some(permit) = self.slot.permit(live.limits.concurrency) else {
            let limits = self
                .slot
                .with_cells(|cells| cells.report(key.id, &live.limits, now_us));
            let error = ApiError::TooManyConcurrentRequests {
                limit: live.limits.concurrency,
            };
            return Err(Refusal {
                error,
                limits: Some(limits),
            });
        };
        match self
            .slot
            .with_cells(|cells| cells.take(key.id, &live.limits, knock.needs.cost, now_us))
        {
            Limited::Admitted(limits) => Ok(Admission {
                creditor: self.slot.creditor,
                prefix: prefix.to_owned(),
                limits,
                permit,
                expires_ms: key.expires_ms,
            }),
            Limited::Refused {
                limit,
                retry_after_s,
                report,
            } => {
                let error = ApiError::RateLimited {
                    limit,
                    retry_after_s,
                };
                Err(Refusal {
                    error,
                    limits: Some(report),
                })
            }
            Limited::Never { limit } => {
                tracing::warn!(
                    limit,
                    cost = knock.needs.cost,
                    "a route costs more than the whole burst"
                );
                Err(ApiError::RateLimited {
                    limit,
                    retry_after_s: u64::from(u16::MAX),
                }
                .into())
            }
        }
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

/// A MAC of the presented key under a secret of this process: what is remembered instead of the
/// key itself.
fn keyed_mac(presented: &PresentedKey) -> [u8; 32] {
    use std::sync::LazyLock;
    static PROCESS_KEY: LazyLock<[u8; 32]> = LazyLock::new(|| {
        let mut key = [0; 32];
        crate::vault::entropy(&mut key);
        key
    });
    let mac = Hmac::<Sha256>::new_from_slice(PROCESS_KEY.as_slice());
    // HMAC takes keys of any length; an empty MAC would only mean one more bcrypt check.
    mac.map_or([0; 32], |mac| {
        mac.chain_update(presented.prefix.as_str())
            .chain_update(presented.secret.expose())
            .finalize()
            .into_bytes()
            .into()
    })
}
