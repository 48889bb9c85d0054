//! A tenant's state: its live state and its limit buckets behind one lock, where requests are decided.
//!
//! The tenant's actor owns what lies here: it alone reads live state and has secrets proven. Whoever
//! finds the state ready takes a decision from it without a message; who does not asks the actor.

use std::net::IpAddr;

use entities::ids::{CreditorId, KeyId};

use super::authorize::authorize;
use super::buckets::{Buckets, RateLimitOutcome};
use super::decision::AdmissionResult;
use super::permit::Permit;
use super::request::AdmissionRequest;
use super::tenant_snapshot::{KeySnapshot, TenantSnapshot, VerificationInput};
use super::verified_secrets::{HashDigest, Mac};
use crate::domain::limits::TenantLimits;

/// The use of a key is passed on so often at most: sessions_bucket are shown it to the minute.
const TELL_USE_EVERY_MS: i64 = 60_000;
/// A use from another address is passed on sooner: it is the one that its owner looks for.
const TELL_MOVE_EVERY_MS: i64 = 1_000;

/// What the state says to a request.
#[derive(Debug)]
pub(super) enum Decision {
    /// It is decided.
    Decided(AdmissionResult),
    /// The tenant changed since it was read, or was never read.
    Stale,
    /// The secret has yet to be matched with this hash.
    NeedsVerification(Box<VerificationInput>),
    /// The secret is nobody's: no key has this prefix, or its secret was never generated.
    UnknownKey,
}

/// What has to be passed on about a request that was admitted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SideEffects {
    /// This key was used.
    pub(super) used: Option<KeyId>,
    /// This key is in use and about to stop.
    pub(super) expiring: Option<KeyId>,
}

/// What a tenant's requests are decided by.
#[derive(Debug, Default)]
pub(crate) struct TenantState {
    live: Option<TenantSnapshot>,
    buckets: Buckets,
    /// The tenant was let go, and may have another state by now.
    closed: bool,
}

impl TenantState {
    /// Decides on a request, or says what is missing for that. The secret comes first: only who
    /// holds it is told anything about the key.
    pub(super) fn ask(
        &mut self,
        generation: u64,
        creditor: CreditorId,
        permit: impl FnOnce(u32) -> Option<Permit>,
        request: &AdmissionRequest,
        now_us: i64,
    ) -> (Decision, SideEffects) {
        let quiet = |answer| (answer, SideEffects::default());
        let fresh = self
            .live
            .as_mut()
            .filter(|live| live.generation == generation);
        let Some(live) = fresh.filter(|_| !self.closed) else {
            return quiet(Decision::Stale);
        };
        let prefix = request.key.prefix;
        let Some(key) = live.keys.iter_mut().find(|key| key.prefix == prefix) else {
            return quiet(Decision::UnknownKey);
        };
        if !key.is_proven_by(&request.mac) {
            let question = key.question().map(Box::new);
            return quiet(question.map_or(Decision::UnknownKey, Decision::NeedsVerification));
        }
        let verdict = authorize(
            key,
            &live.limits,
            &mut self.buckets,
            creditor,
            permit,
            request,
            now_us,
        );
        let effects = match verdict {
            Ok(_) => side_effects_of(key, request.client, now_us / 1_000),
            Err(_) => SideEffects::default(),
        };
        (Decision::Decided(verdict), effects)
    }

    /// Lays out what was read. A state that is closed takes nothing.
    pub(super) fn install(&mut self, live: TenantSnapshot) {
        if !self.closed {
            self.live = Some(live);
        }
    }

    /// bcrypt has matched this secret with this hash, which is true whatever was read since.
    pub(super) fn proven(&mut self, key: KeyId, mac: Mac, digest: HashDigest) {
        let keys = self.live.iter_mut().flat_map(|live| &mut live.keys);
        for known in keys.filter(|known| known.id == key) {
            let hash = known.secret_hash.as_ref();
            let same_hash = hash.is_some_and(|hash| hash.digest == digest);
            if same_hash {
                known.proven = Some(mac);
            }
        }
    }

    /// The creditor could not be told that a key is about to stop: its next use tries again.
    pub(super) fn expiry_not_sent(&mut self, key: KeyId) {
        let keys = self.live.iter_mut().flat_map(|live| &mut live.keys);
        for known in keys.filter(|known| known.id == key) {
            known.expiring_told = false;
        }
    }

    /// Closes for good, unless forgetting the buckets would hand out a burst.
    pub(super) fn close_if_full(&mut self, now_us: i64) -> bool {
        if self.buckets.are_full(now_us) {
            self.closed = true;
            self.live = None;
        }
        self.closed
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes from what sessions_bucket may do; `None` at a state that is closed.
    pub(super) fn admit_session(
        &mut self,
        limits: &TenantLimits,
        cost: u32,
        now_us: i64,
    ) -> Option<RateLimitOutcome> {
        (!self.closed).then(|| self.buckets.take_for_session(limits, cost, now_us))
    }

    /// Forgets the buckets of keys that are full: their keys may be long gone.
    pub(super) fn forget_full_keys(&mut self, now_us: i64) {
        self.buckets.forget_full_keys(now_us);
    }
}

fn side_effects_of(key: &mut KeySnapshot, client: IpAddr, now_ms: i64) -> SideEffects {
    let mut effects = SideEffects::default();
    let tell_every_ms = match key.used_from == Some(client) {
        true => TELL_USE_EVERY_MS,
        false => TELL_MOVE_EVERY_MS,
    };
    if now_ms - key.use_told_ms >= tell_every_ms {
        key.use_told_ms = now_ms;
        key.used_from = Some(client);
        effects.used = Some(key.id);
    }
    if !key.expiring_told && key.is_near_its_end(now_ms) {
        key.expiring_told = true;
        effects.expiring = Some(key.id);
    }
    effects
}

#[cfg(test)]
#[path = "tenant_state_tests.rs"]
mod tests;
