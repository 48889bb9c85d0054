//! The state in which a tenant's requests are decided: a snapshot and limit buckets behind one lock.
//!
//! Only the tenant actor installs snapshots and has secrets verified. A request decides inline if the
//! state is current; otherwise it sends a message to the actor. The state never reads the database.

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
use crate::infra::Now;

/// Shortest interval between two reported uses of a key. The dashboard shows uses to the minute.
const USE_REPORT_INTERVAL_MS: i64 = 60_000;
/// Shortest interval if the address has changed. Owners look for uses from unfamiliar addresses.
const MOVED_USE_REPORT_INTERVAL_MS: i64 = 1_000;

/// The result of pending_lookups the state to decide a request.
#[derive(Debug)]
pub(super) enum Decision {
    /// The request is admitted or rejected.
    Decided(AdmissionResult),
    /// No current snapshot is installed: the tenant changed after the load, or was never loaded.
    Stale,
    /// The secret has not been verified against this hash.
    NeedsVerification(Box<VerificationInput>),
    /// The key has no secret yet. Another process may have revealed it a moment ago.
    SecretMissing,
    /// No key has this prefix.
    UnknownKey,
}

/// Work to do after a request was admitted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SideEffects {
    /// The key whose use is to be reported.
    pub(super) used: Option<KeyId>,
    /// The key whose expiry notice is to be sent: it is in use and expires soon.
    pub(super) expiry_notice: Option<KeyId>,
}

/// The snapshot and the limit buckets of one tenant.
#[derive(Debug, Default)]
pub(crate) struct TenantState {
    snapshot: Option<TenantSnapshot>,
    buckets: Buckets,
    /// The tenant was evicted. A newer entry may already have another state.
    closed: bool,
}

impl TenantState {
    /// Decides a request, or returns what the decision lacks. The secret is checked first: only a
    /// caller that holds it learns anything about the key. The rates are divided among `nodes`.
    pub(super) fn decide(
        &mut self,
        generation: u64,
        creditor: CreditorId,
        permit: impl FnOnce(u32) -> Option<Permit>,
        request: &AdmissionRequest,
        nodes: u32,
        now: Now,
    ) -> (Decision, SideEffects) {
        let without_effects = |answer| (answer, SideEffects::default());
        let current = self
            .snapshot
            .as_mut()
            .filter(|snapshot| snapshot.generation == generation);
        let Some(snapshot) = current.filter(|_| !self.closed) else {
            return without_effects(Decision::Stale);
        };
        let prefix = request.key.prefix;
        let Some(key) = snapshot.keys.iter_mut().find(|key| key.prefix == prefix) else {
            return without_effects(Decision::UnknownKey);
        };
        if !key.is_verified_by(&request.mac) {
            let input = key.verification_input().map(Box::new);
            return without_effects(
                input.map_or(Decision::SecretMissing, Decision::NeedsVerification),
            );
        }
        let verdict = authorize(
            key,
            &snapshot.limits.share_of(nodes),
            &mut self.buckets,
            creditor,
            permit,
            request,
            now,
        );
        let effects = match verdict {
            Ok(_) => side_effects_of(key, request.client, now.time_ms),
            Err(_) => SideEffects::default(),
        };
        (Decision::Decided(verdict), effects)
    }

    /// Installs a snapshot. A closed state ignores it.
    pub(super) fn install(&mut self, snapshot: TenantSnapshot) {
        if !self.closed {
            self.snapshot = Some(snapshot);
        }
    }

    /// Records that the secret matches the hash with this digest. A snapshot installed since the
    /// check began does not invalidate the result, because the digest is compared again.
    pub(super) fn proven(&mut self, key: KeyId, mac: Mac, digest: HashDigest) {
        for known in self.keys_with_id(key) {
            let hash = known.secret_hash.as_ref();
            let same_hash = hash.is_some_and(|hash| hash.digest == digest);
            if same_hash {
                known.proven = Some(mac);
            }
        }
    }

    /// Records that an expiry notice was not sent, so that the next use of the key retries it.
    pub(super) fn expiry_not_sent(&mut self, key: KeyId) {
        for known in self.keys_with_id(key) {
            known.expiry_notice_sent = false;
        }
    }

    fn keys_with_id(&mut self, id: KeyId) -> impl Iterator<Item = &mut KeySnapshot> {
        let keys = self.snapshot.iter_mut().flat_map(|found| &mut found.keys);
        keys.filter(move |key| key.id == id)
    }

    /// Closes the state permanently if all buckets are full, and returns whether it is closed.
    /// Dropping a bucket that is not full would grant a new burst.
    pub(super) fn close_if_full(&mut self, mono_us: i64) -> bool {
        if self.buckets.are_full(mono_us) {
            self.closed = true;
            self.snapshot = None;
        }
        self.closed
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes `cost` from the session bucket; `None` if the state is closed.
    pub(super) fn admit_session(
        &mut self,
        limits: &TenantLimits,
        cost: u32,
        mono_us: i64,
    ) -> Option<RateLimitOutcome> {
        (!self.closed).then(|| self.buckets.take_for_session(limits, cost, mono_us))
    }

    /// Drops full key buckets, because their keys may no longer exist.
    pub(super) fn forget_full_keys(&mut self, mono_us: i64) {
        self.buckets.forget_full_keys(mono_us);
    }
}

fn side_effects_of(key: &mut KeySnapshot, client: IpAddr, now_ms: i64) -> SideEffects {
    let mut effects = SideEffects::default();
    let tell_every_ms = match key.use_reported_from == Some(client) {
        true => USE_REPORT_INTERVAL_MS,
        false => MOVED_USE_REPORT_INTERVAL_MS,
    };
    // The time of the database can step back.
    if !(0..tell_every_ms).contains(&(now_ms - key.use_reported_ms)) {
        key.use_reported_ms = now_ms;
        key.use_reported_from = Some(client);
        effects.used = Some(key.id);
    }
    if !key.expiry_notice_sent && key.is_near_expiry(now_ms) {
        key.expiry_notice_sent = true;
        effects.expiry_notice = Some(key.id);
    }
    effects
}

#[cfg(test)]
#[path = "tenant_state_tests.rs"]
mod tests;
