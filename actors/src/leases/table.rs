//! What is leased at this moment, and what each endpoint may still be sent.
//!
//! The book belongs to no actor, so it outlives all of them. A row that is leased has a [`super::lease::Lease`],
//! which travels with it: from the claim through the mailboxes into the send and to the Completer.
//! Whoever dies with a lease drops it, and the book knows at once which row nobody holds any more.
//! A lease is entered before the claim commits and settled after its completion has.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::Fence;

use super::lease::{Lease, Reservation};
use crate::domain::breaker::{Breaker, BreakerPolicy};
use crate::domain::restart_budget::{RestartBudget, RestartDecision, RestartHistory};

/// Sends of one endpoint at a time.
pub(crate) const SENDS: u32 = 8;
/// Leases of one endpoint at a time: sends, what waits for one of them to end, and answers that have yet to be written. It
/// bounds what a crash repeats.
const CREDIT: u32 = 4 * SENDS;
/// Leases and sends at a time of an endpoint whose last attempt failed or took long: what hangs shall hang few.
const SICK_CREDIT: u32 = 2;
/// Leases of this process at a time: it bounds sockets and memory.
const LEASES: u32 = 4_096;
/// While fewer are in use, an endpoint may have more than it is being sent: those that are slow shall not keep the others out.
const PLENTY: u32 = LEASES / 2;
/// Sick endpoints may use half of them, so that they never keep healthy ones out.
const SICK_LEASES: u32 = LEASES / 2;
/// An answer that takes so long is a sick one, although it be a good one.
const SLOW_MS: i64 = 3_000;
/// How long rows may wait to be claimed before fresh ones overtake them no more. A burst that takes all credit for a moment
/// leaves a few behind; were everything claimed from then on, the claims would take the time in which they are caught up with.
const OVERTAKING_MS: i64 = 250;
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
    /// What sick endpoints have of it.
    in_use_by_sick: u32,
}

/// What came of an attempt, as far as it matters to its endpoint's next ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempted {
    pub(crate) delivered: bool,
    pub(crate) latency_ms: i64,
}

/// What is known of an endpoint as long as this process lives.
#[derive(Debug, PartialEq, Eq)]
struct Account {
    in_use: u32,
    /// Leases at a time while it is well: fewer where a throttle would keep most of them waiting.
    most: u32,
    breaker: Breaker,
    /// Its last attempt failed or took long.
    sick: bool,
    /// Its last attempt failed, and this is whose it is.
    ill_of: Option<CreditorId>,
    /// Since when rows of it wait to be claimed.
    backlog_since_ms: Option<i64>,
    history: RestartHistory,
    rests_until_ms: i64,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            in_use: 0,
            most: CREDIT,
            breaker: Breaker::new(BreakerPolicy::default()),
            sick: false,
            ill_of: None,
            backlog_since_ms: None,
            history: RestartHistory::default(),
            rests_until_ms: 0,
        }
    }
}

impl Account {
    /// How many leases it may have at a time; `None` while it may have none at all.
    fn credit(&self, now_ms: i64) -> Option<u32> {
        if now_ms < self.rests_until_ms {
            return None;
        }
        match self.breaker.next_try_ms() {
            Some(due_ms) if now_ms < due_ms => None,
            Some(_) => Some(1),
            None if self.sick => Some(SICK_CREDIT.min(self.most)),
            None => Some(self.most),
        }
    }

    fn has_backlog(&self, now_ms: i64) -> bool {
        let since_ms = self.backlog_since_ms;
        since_ms.is_some_and(|since_ms| !(0..OVERTAKING_MS).contains(&(now_ms - since_ms)))
    }

    fn is_sick(&self) -> bool {
        self.sick || self.breaker.next_try_ms().is_some()
    }
}

/// What an endpoint may be sent now.
#[derive(Debug)]
pub(crate) enum Grant {
    /// So many rows, reserved.
    Credit(Reservation),
    /// Nothing until a lease ends.
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
        let mut pages = self.pages();
        let Some(room) = pages.room(endpoint, now_ms) else {
            return Grant::Shut;
        };
        if room == 0 {
            return Grant::Busy;
        }
        pages.take(endpoint, room);
        drop(pages);
        Grant::Credit(Reservation::new(Arc::clone(self), endpoint, room))
    }

    /// Reserves one send whatever the endpoint's credit says: for what its owner asks for and waits for.
    pub(crate) fn reserve_one_more(self: &Arc<Self>, endpoint: EndpointId) -> Reservation {
        self.pages().take(endpoint, 1);
        Reservation::new(Arc::clone(self), endpoint, 1)
    }

    /// A lease for a row that is about to be inserted, if its endpoint is healthy, has credit to
    /// spare, and nothing that has waited for long. Must come before the commit.
    pub(crate) fn lease_fresh(
        self: &Arc<Self>,
        endpoint: EndpointId,
        fence: Fence,
        now_ms: i64,
    ) -> Option<Lease> {
        let mut pages = self.pages();
        let account = pages.accounts.entry(endpoint).or_default();
        let waits = account.is_sick() || account.has_backlog(now_ms);
        let room = pages.room(endpoint, now_ms).unwrap_or_default();
        if waits || room == 0 {
            return None;
        }
        pages.take(endpoint, 1);
        pages.held.insert(fence);
        drop(pages);
        Some(Lease::new(Arc::clone(self), endpoint, fence))
    }

    /// The endpoint is sent so much a second at most. Of what its throttle holds back it has no more than half a second's
    /// worth leased, so that many throttled endpoints do not keep the others out.
    pub(crate) fn throttle(&self, endpoint: EndpointId, per_second: Option<u32>) {
        let most = per_second.map_or(CREDIT, |rate| rate.div_ceil(2).clamp(1, CREDIT));
        self.pages().change(endpoint, |account| account.most = most);
    }

    /// Rows of the endpoint wait to be claimed.
    pub(crate) fn begin_backlog(&self, endpoint: EndpointId, now_ms: i64) {
        let mut pages = self.pages();
        let account = pages.accounts.entry(endpoint).or_default();
        account.backlog_since_ms.get_or_insert(now_ms);
    }

    /// Every row of the endpoint that was due has been claimed.
    pub(crate) fn end_backlog(&self, endpoint: EndpointId) {
        let mut pages = self.pages();
        if let Some(account) = pages.accounts.get_mut(&endpoint) {
            account.backlog_since_ms = None;
        }
        pages.forget_if_plain(endpoint);
    }

    /// Whether the endpoint's circuit lets one send through; after a cooldown, `true` is the probe.
    pub(crate) fn may_send(&self, endpoint: EndpointId, now_ms: i64) -> bool {
        self.pages()
            .change(endpoint, |account| account.breaker.may_send(now_ms))
    }

    /// How many sends the endpoint may have at a time.
    pub(crate) fn sends(&self, endpoint: EndpointId) -> u32 {
        let pages = self.pages();
        let account = pages.accounts.get(&endpoint);
        match account.is_some_and(Account::is_sick) {
            true => SICK_CREDIT,
            false => SENDS,
        }
    }

    /// An attempt ended.
    pub(crate) fn record(
        &self,
        endpoint: EndpointId,
        creditor: CreditorId,
        attempted: Attempted,
        now_ms: i64,
    ) {
        self.pages().change(endpoint, |account| {
            account.ill_of = (!attempted.delivered).then_some(creditor);
            account.sick = !attempted.delivered || attempted.latency_ms >= SLOW_MS;
            match attempted.delivered {
                true => account.breaker.on_success(),
                false => account.breaker.on_failure(now_ms),
            }
        });
    }

    /// Their owner has changed some of these endpoints.
    pub(crate) fn forgive_all_of(&self, creditor: CreditorId) {
        let pages = self.pages();
        let ill = pages.accounts.iter();
        let ill = ill.filter(|(_, account)| account.ill_of == Some(creditor));
        let ill: Vec<_> = ill.map(|(endpoint, _)| *endpoint).collect();
        drop(pages);
        for endpoint in ill {
            self.forgive(endpoint);
        }
    }

    /// What it did before says nothing any more.
    pub(crate) fn forgive(&self, endpoint: EndpointId) {
        let mut pages = self.pages();
        pages.change(endpoint, |account| {
            account.sick = false;
            account.ill_of = None;
            account.breaker = Breaker::new(BreakerPolicy::default());
            account.history = RestartHistory::default();
            account.rests_until_ms = 0;
        });
        pages.forget_if_plain(endpoint);
    }

    /// Something on our side failed, such as the endpoint's actor: nothing is claimed for the
    /// endpoint for a while, the longer the more often it happens.
    pub(crate) fn rest(&self, endpoint: EndpointId, now_ms: i64) {
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
    pub(crate) fn is_idle(&self, endpoint: EndpointId) -> bool {
        self.pages()
            .accounts
            .get(&endpoint)
            .is_none_or(|account| account.in_use == 0)
    }

    /// Leases that nobody holds any more. The caller gives their rows back to the queue, and says
    /// by [`Book::released`] or [`Book::add_lost`] what came of it.
    pub(crate) fn take_lost(&self) -> Vec<Fence> {
        let mut pages = self.pages();
        let lost = std::mem::take(&mut pages.lost);
        pages.releasing += lost.len();
        lost
    }

    /// So many lost rows are back in the queue.
    pub(crate) fn released(&self, rows: usize) {
        let mut pages = self.pages();
        pages.releasing = pages.releasing.saturating_sub(rows);
    }

    /// Adds to the lost.
    pub(crate) fn add_lost(&self, fences: Vec<Fence>) {
        self.pages().lost.extend(fences);
    }

    /// Those of `fences` that nobody here holds.
    pub(crate) fn unheld(&self, fences: Vec<Fence>) -> Vec<Fence> {
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
    pub(crate) fn is_empty(&self) -> bool {
        let pages = self.pages();
        pages.in_use == 0 && pages.lost.is_empty() && pages.releasing == 0
    }
}

impl Pages {
    /// How many more leases the endpoint may have now; `None` while it may have none at all.
    fn room(&mut self, endpoint: EndpointId, now_ms: i64) -> Option<u32> {
        let in_all = LEASES.saturating_sub(self.in_use);
        let is_plenty = self.in_use < PLENTY;
        let for_sick = SICK_LEASES.saturating_sub(self.in_use_by_sick);
        let account = self.accounts.entry(endpoint).or_default();
        let credit = account.credit(now_ms)?;
        let credit = if is_plenty { credit } else { credit.min(SENDS) };
        let own = credit.saturating_sub(account.in_use);
        let probes = account.breaker.next_try_ms().is_some();
        // A probe is what makes it well again: it always finds room.
        Some(match account.is_sick() && !probes {
            true => own.min(for_sick).min(in_all),
            false => own.min(in_all),
        })
    }

    /// Changes an account, and what sick ones have if it falls ill by that or gets well.
    fn change<T>(&mut self, endpoint: EndpointId, work: impl FnOnce(&mut Account) -> T) -> T {
        let account = self.accounts.entry(endpoint).or_default();
        let share = |account: &Account| match account.is_sick() {
            true => account.in_use,
            false => 0,
        };
        let before = share(account);
        let done = work(account);
        let after = share(account);
        self.in_use_by_sick = (self.in_use_by_sick + after).saturating_sub(before);
        done
    }

    pub(super) fn take(&mut self, endpoint: EndpointId, credits: u32) {
        self.change(endpoint, |account| account.in_use += credits);
        self.in_use += credits;
    }

    /// Removes an account in which nothing is worth remembering.
    fn forget_if_plain(&mut self, endpoint: EndpointId) {
        if self.accounts.get(&endpoint) == Some(&Account::default()) {
            self.accounts.remove(&endpoint);
        }
    }

    pub(super) fn give(&mut self, endpoint: EndpointId, credits: u32) {
        self.change(endpoint, |account| {
            account.in_use = account.in_use.saturating_sub(credits);
        });
        self.forget_if_plain(endpoint);
        self.in_use = self.in_use.saturating_sub(credits);
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
