//! What is leased at this moment, and what each endpoint may still be sent.
//!
//! The book belongs to no actor, so it outlives all of them. A row that is leased has a [`super::lease::Lease`],
//! which travels with it: from the claim through the mailboxes into the send and to the Completer.
//! Whoever dies with a lease drops it, and the book knows at once which row nobody holds any more.
//! A lease is entered before the claim commits and settled after its completion has.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entities::ids::EndpointId;
use entities::queries::delivery::Fence;

use super::lease::{Lease, Reservation};
use crate::domain::breaker::{Breaker, BreakerPolicy};
use crate::domain::restart_budget::{RestartBudget, RestartDecision, RestartHistory};

/// Sends of one endpoint at a time.
pub(super) const CREDIT: u32 = 8;
/// Sends at a time of an endpoint whose last attempt failed: what hangs shall hang few.
const FAILING_CREDIT: u32 = 2;
/// Leases of this process at a time: it bounds sockets and memory.
const LEASES: u32 = 4_096;
/// Failing endpoints may use half of them, so that they never keep healthy ones out.
const FAILING_LEASES: u32 = LEASES / 2;
/// How long an endpoint rests whose actor failed too often.
const LONG_REST_MS: i64 = 60_000;

/// The leases and endpoint accounts of this process.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
pub(super) struct Pages {
    accounts: HashMap<EndpointId, Account>,
    pub(super) held: HashSet<Fence>,
    /// Dropped unsettled, and not yet given back to the queue.
    pub(super) lost: Vec<Fence>,
    releasing: usize,
    in_use: u32,
}

/// What is known of an endpoint as long as this process lives.
#[derive(Debug, PartialEq, Eq)]
struct Account {
    in_use: u32,
    breaker: Breaker,
    failing: bool,
    /// Rows of it wait to be claimed: fresh ones do not overtake them.
    backlog: bool,
    history: RestartHistory,
    rests_until_ms: i64,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            in_use: 0,
            breaker: Breaker::new(BreakerPolicy::default()),
            failing: false,
            backlog: false,
            history: RestartHistory::default(),
            rests_until_ms: 0,
        }
    }
}

impl Account {
    /// How many sends it may have at a time; `None` while it may have none at all.
    fn credit(&self, now_ms: i64) -> Option<u32> {
        if now_ms < self.rests_until_ms {
            return None;
        }
        match self.breaker.next_try_ms() {
            Some(due_ms) if now_ms < due_ms => None,
            Some(_) => Some(1),
            None if self.failing => Some(FAILING_CREDIT),
            None => Some(CREDIT),
        }
    }
}

/// What an endpoint may be sent now.
#[derive(Debug)]
pub(crate) enum Grant {
    /// So many rows, reserved.
    Credit(Reservation),
    /// Nothing until a send ends.
    Busy,
    /// Nothing: its circuit is open, or its actor rests.
    Shut,
}

impl Book {
    pub(super) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves whatever credit the endpoint has.
    pub(crate) fn reserve(self: &Arc<Self>, endpoint: EndpointId, now_ms: i64) -> Grant {
        let mut guard = self.pages();
        let pages = &mut *guard;
        let leases = pages.in_use;
        let account = pages.accounts.entry(endpoint).or_default();
        let Some(credit) = account.credit(now_ms) else {
            return Grant::Shut;
        };
        let room = if credit < CREDIT {
            FAILING_LEASES
        } else {
            LEASES
        }
        .saturating_sub(leases);
        let credits = credit.saturating_sub(account.in_use).min(room);
        if credits == 0 {
            return Grant::Busy;
        }
        account.in_use += credits;
        pages.in_use += credits;
        Grant::Credit(Reservation::new(Arc::clone(self), endpoint, credits))
    }

    /// A lease for a row that is about to be inserted, if its endpoint is healthy, has credit to
    /// spare, and nothing older waiting. Must come before the commit.
    pub(super) fn lease_fresh(
        self: &Arc<Self>,
        endpoint: EndpointId,
        fence: Fence,
        now_ms: i64,
    ) -> Option<Lease> {
        let mut guard = self.pages();
        let pages = &mut *guard;
        let account = pages.accounts.entry(endpoint).or_default();
        let ready = account.credit(now_ms) == Some(CREDIT) && !account.backlog;
        if !ready || account.in_use >= CREDIT || pages.in_use >= LEASES {
            return None;
        }
        account.in_use += 1;
        pages.in_use += 1;
        pages.held.insert(fence);
        Some(Lease::new(Arc::clone(self), endpoint, fence))
    }

    /// Rows of the endpoint wait to be claimed.
    pub(super) fn begin_backlog(&self, endpoint: EndpointId) {
        self.pages().accounts.entry(endpoint).or_default().backlog = true;
    }

    /// Every row of the endpoint that was due has been claimed.
    pub(super) fn end_backlog(&self, endpoint: EndpointId) {
        let mut pages = self.pages();
        if let Some(account) = pages.accounts.get_mut(&endpoint) {
            account.backlog = false;
        }
        pages.forget_if_plain(endpoint);
    }

    /// Whether the endpoint's circuit lets one send through; after a cooldown, `true` is the probe.
    pub(super) fn may_send(&self, endpoint: EndpointId, now_ms: i64) -> bool {
        self.pages()
            .accounts
            .entry(endpoint)
            .or_default()
            .breaker
            .may_send(now_ms)
    }

    /// An attempt ended.
    pub(super) fn record(&self, endpoint: EndpointId, delivered: bool, now_ms: i64) {
        let mut pages = self.pages();
        let account = pages.accounts.entry(endpoint).or_default();
        account.failing = !delivered;
        if delivered {
            account.breaker.on_success();
        } else {
            account.breaker.on_failure(now_ms);
        }
    }

    /// Something on our side failed, such as the endpoint's actor: nothing is claimed for the
    /// endpoint for a while, the longer the more often it happens.
    pub(super) fn rest(&self, endpoint: EndpointId, now_ms: i64) {
        let mut pages = self.pages();
        let account = pages.accounts.entry(endpoint).or_default();
        let rest_ms = match account.history.record(now_ms, &RestartBudget::default()) {
            RestartDecision::RestartAfter { ms } => ms,
            RestartDecision::GiveUp => {
                tracing::error!(%endpoint, "an endpoint fails again and again on our side: it rests");
                LONG_REST_MS
            }
        };
        account.rests_until_ms = now_ms.saturating_add(rest_ms);
    }

    /// Whether nothing of the endpoint is leased or about to be.
    pub(super) fn is_idle(&self, endpoint: EndpointId) -> bool {
        self.pages()
            .accounts
            .get(&endpoint)
            .is_none_or(|account| account.in_use == 0)
    }

    /// Leases that nobody holds any more. The caller gives their rows back to the queue, and says
    /// by [`Book::released`] or [`Book::add_lost`] what came of it.
    pub(super) fn take_lost(&self) -> Vec<Fence> {
        let mut pages = self.pages();
        let lost = std::mem::take(&mut pages.lost);
        pages.releasing += lost.len();
        lost
    }

    /// So many lost rows are back in the queue.
    pub(super) fn released(&self, rows: usize) {
        let mut pages = self.pages();
        pages.releasing = pages.releasing.saturating_sub(rows);
    }

    /// Adds to the lost.
    pub(super) fn add_lost(&self, fences: Vec<Fence>) {
        self.pages().lost.extend(fences);
    }

    /// Those of `fences` that nobody here holds.
    pub(super) fn unheld(&self, fences: Vec<Fence>) -> Vec<Fence> {
        let pages = self.pages();
        fences
            .into_iter()
            .filter(|fence| !pages.held.contains(fence))
            .collect()
    }

    /// Leases and reservations at this moment.
    pub(crate) fn in_flight(&self) -> i64 {
        i64::from(self.pages().in_use)
    }

    /// How many circuits are open, and how many let one send through to see.
    pub(crate) fn circuits(&self, now_ms: i64) -> (i64, i64) {
        let pages = self.pages();
        let tries = pages
            .accounts
            .values()
            .filter_map(|account| account.breaker.next_try_ms());
        tries.fold((0, 0), |(open, half_open), due_ms| match now_ms < due_ms {
            true => (open + 1, half_open),
            false => (open, half_open + 1),
        })
    }

    /// Whether nothing is leased, reserved or lost.
    pub(super) fn is_empty(&self) -> bool {
        let pages = self.pages();
        pages.in_use == 0 && pages.lost.is_empty() && pages.releasing == 0
    }
}

impl Pages {
    pub(super) fn take(&mut self, endpoint: EndpointId, credits: u32) {
        self.accounts.entry(endpoint).or_default().in_use += credits;
        self.in_use += credits;
    }

    /// Removes an account in which nothing is worth remembering.
    fn forget_if_plain(&mut self, endpoint: EndpointId) {
        if self.accounts.get(&endpoint) == Some(&Account::default()) {
            self.accounts.remove(&endpoint);
        }
    }

    pub(super) fn give(&mut self, endpoint: EndpointId, credits: u32) {
        if let Some(account) = self.accounts.get_mut(&endpoint) {
            account.in_use = account.in_use.saturating_sub(credits);
        }
        self.forget_if_plain(endpoint);
        self.in_use = self.in_use.saturating_sub(credits);
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
