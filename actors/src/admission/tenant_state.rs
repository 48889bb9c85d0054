//! A tenant's desk: its live state and its limit cells behind one lock, where requests are decided.
//!
//! The tenant's actor owns what lies here: it alone reads live state and has secrets proven. Whoever
//! finds the desk ready takes a decision from it without a message; who does not asks the actor.

use std::net::IpAddr;

use entities::ids::{CreditorId, KeyId};

use super::authorize::judge;
use super::buckets::{Cells, Limited};
use super::decision::Verdict;
use super::permit::Permit;
use super::request::Knock;
use super::tenant_snapshot::{Live, LiveKey, Question};
use super::verified_secrets::{HashDigest, Mac};
use crate::domain::limits::TenantLimits;

/// The use of a key is passed on so often at most: people are shown it to the minute.
const TELL_USE_EVERY_MS: i64 = 60_000;
/// A use from another address is passed on sooner: it is the one that its owner looks for.
const TELL_MOVE_EVERY_MS: i64 = 1_000;

/// What the desk says to a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is decided.
    Decided(Verdict),
    /// The tenant changed since it was read, or was never read.
    Stale,
    /// The secret has yet to be matched with this hash.
    Unproven(Box<Question>),
    /// The secret is nobody's: no key has this prefix, or its secret was never drawn.
    Nobodys,
}

/// What has to be passed on about a request that was admitted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct News {
    /// This key was used.
    pub(super) used: Option<KeyId>,
    /// This key is in use and about to stop.
    pub(super) expiring: Option<KeyId>,
}

/// What a tenant's requests are decided by.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    live: Option<Live>,
    cells: Cells,
    /// The tenant was let go, and may have another desk by now.
    closed: bool,
}

impl Desk {
    /// Decides on a request, or says what is missing for that. The secret comes first: only who
    /// holds it is told anything about the key.
    pub(super) fn ask(
        &mut self,
        generation: u64,
        creditor: CreditorId,
        permit: impl FnOnce(u32) -> Option<Permit>,
        knock: &Knock,
        now_us: i64,
    ) -> (Answer, News) {
        let quiet = |answer| (answer, News::default());
        let fresh = self.live.as_mut().filter(|live| live.epoch == generation);
        let Some(live) = fresh.filter(|_| !self.closed) else {
            return quiet(Answer::Stale);
        };
        let prefix = knock.key.prefix;
        let Some(key) = live.keys.iter_mut().find(|key| key.prefix == prefix) else {
            return quiet(Answer::Nobodys);
        };
        if !key.is_proven_by(&knock.mac) {
            let question = key.question().map(Box::new);
            return quiet(question.map_or(Answer::Nobodys, Answer::Unproven));
        }
        let verdict = judge(
            key,
            &live.limits,
            &mut self.cells,
            creditor,
            permit,
            knock,
            now_us,
        );
        let news = match verdict {
            Ok(_) => news_of(key, knock.client, now_us / 1_000),
            Err(_) => News::default(),
        };
        (Answer::Decided(verdict), news)
    }

    /// Lays out what was read. A desk that is closed takes nothing.
    pub(super) fn lay_out(&mut self, live: Live) {
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
    pub(super) fn not_told(&mut self, key: KeyId) {
        let keys = self.live.iter_mut().flat_map(|live| &mut live.keys);
        for known in keys.filter(|known| known.id == key) {
            known.expiring_told = false;
        }
    }

    /// Closes for good, unless forgetting the cells would hand out a burst.
    pub(super) fn close_if_full(&mut self, now_us: i64) -> bool {
        if self.cells.are_full(now_us) {
            self.closed = true;
            self.live = None;
        }
        self.closed
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes from what people may do; `None` at a desk that is closed.
    pub(super) fn admit_person(
        &mut self,
        limits: &TenantLimits,
        cost: u32,
        now_us: i64,
    ) -> Option<Limited> {
        (!self.closed).then(|| self.cells.take_as_person(limits, cost, now_us))
    }

    /// Forgets the cells of keys that are full: their keys may be long gone.
    pub(super) fn forget_full_keys(&mut self, now_us: i64) {
        self.cells.forget_full_keys(now_us);
    }
}

fn news_of(key: &mut LiveKey, client: IpAddr, now_ms: i64) -> News {
    let mut news = News::default();
    let tell_every_ms = match key.used_from == Some(client) {
        true => TELL_USE_EVERY_MS,
        false => TELL_MOVE_EVERY_MS,
    };
    if now_ms - key.use_told_ms >= tell_every_ms {
        key.use_told_ms = now_ms;
        key.used_from = Some(client);
        news.used = Some(key.id);
    }
    if !key.expiring_told && key.is_near_its_end(now_ms) {
        key.expiring_told = true;
        news.expiring = Some(key.id);
    }
    news
}

#[cfg(test)]
#[path = "tenant_state_tests.rs"]
mod tests;
