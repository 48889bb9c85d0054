//! The queue of endpoints that have rows to claim, in first-in, first-out order.
//!
//! ```text
//!          wake            take: credit            claimed: more is due
//!  (none) ──────▶ Queued ───────────────▶ Claiming ────────────────────▶ Queued
//!                  │  ▲                       │
//!       take: busy │  │ capacity freed        │ claimed: nothing more
//!                  ▼  │                       ▼
//!   AwaitingCapacity, AwaitingAny          (none)
//! ```
//!
//! Wake-ups coalesce: an endpoint is queued once, no matter how often it is woken. This module owns the claim state
//! of each endpoint. It never claims rows and does not know what a credit stands for.

use std::collections::{HashMap, VecDeque};

use entities::ids::EndpointId;

use crate::leases::Grant;

/// The claim state of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClaimState {
    Queued,
    /// A claim is running. `woken` is set if the endpoint was woken since the claim began.
    Claiming {
        woken: bool,
    },
    /// The endpoint has rows, and all of its capacity is in use.
    AwaitingCapacity,
    /// The endpoint has rows, and all of the capacity of this process is in use by others.
    AwaitingAny,
}

/// The claim queue and the claim state of each endpoint in it.
#[derive(Debug, Default)]
pub(crate) struct ClaimQueue {
    states: HashMap<EndpointId, ClaimState>,
    queue: VecDeque<EndpointId>,
    /// The endpoints in the state `AwaitingAny`, in the order of their arrival.
    awaiting_any: VecDeque<EndpointId>,
}

impl ClaimQueue {
    /// Queues an endpoint that may have due rows.
    pub(super) fn wake(&mut self, endpoint: EndpointId) {
        match self.states.get_mut(&endpoint) {
            None => self.enqueue(endpoint),
            Some(ClaimState::Claiming { woken }) => *woken = true,
            Some(ClaimState::Queued | ClaimState::AwaitingCapacity | ClaimState::AwaitingAny) => {}
        }
    }

    /// Queues the endpoint again if it waits for capacity, and the first one that waits for the capacity of others. The
    /// latter goes first, because it has nothing yet.
    pub(super) fn capacity_freed(&mut self, endpoint: EndpointId) {
        if let Some(first) = self.awaiting_any.pop_front() {
            self.enqueue(first);
        }
        if self.states.get(&endpoint) == Some(&ClaimState::AwaitingCapacity) {
            self.enqueue(endpoint);
        }
    }

    /// Takes endpoints from the front until their combined credit reaches `rows`. An endpoint without free capacity
    /// waits until a lease ends. One whose circuit is open leaves the queue until the next wake-up.
    pub(super) fn take<T>(
        &mut self,
        rows: u32,
        mut reserve: impl FnMut(EndpointId) -> Grant<T>,
        credit: impl Fn(&T) -> u32,
    ) -> Vec<T> {
        let (mut taken, mut credits) = (Vec::new(), 0_u32);
        while credits < rows {
            let Some(endpoint) = self.queue.pop_front() else {
                break;
            };
            match reserve(endpoint) {
                Grant::Granted(reservation) => {
                    self.states
                        .insert(endpoint, ClaimState::Claiming { woken: false });
                    credits = credits.saturating_add(credit(&reservation));
                    taken.push(reservation);
                }
                Grant::AtCapacity => {
                    self.states.insert(endpoint, ClaimState::AwaitingCapacity);
                }
                Grant::AllInUse => {
                    self.states.insert(endpoint, ClaimState::AwaitingAny);
                    self.awaiting_any.push_back(endpoint);
                }
                Grant::CircuitOpen => {
                    self.states.remove(&endpoint);
                }
            }
        }
        taken
    }

    /// Ends the endpoint's claim. `more` is set if more rows may be due, for example because the claim used all its
    /// credit. Returns whether the endpoint still has rows to claim.
    pub(super) fn claimed(&mut self, endpoint: EndpointId, more: bool) -> bool {
        match self.states.remove(&endpoint) {
            Some(ClaimState::Claiming { woken }) if more || woken => self.enqueue(endpoint),
            Some(ClaimState::Claiming { .. }) | None => return false,
            Some(turn) => {
                self.states.insert(endpoint, turn);
            }
        }
        true
    }

    /// Whether no endpoint is queued.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn enqueue(&mut self, endpoint: EndpointId) {
        self.states.insert(endpoint, ClaimState::Queued);
        self.queue.push_back(endpoint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn endpoint(n: u128) -> EndpointId {
        EndpointId(Uuid::from_u128(n))
    }

    fn take(claim_queue: &mut ClaimQueue, rows: u32) -> Vec<EndpointId> {
        claim_queue.take(rows, Grant::Granted, |_| 8)
    }

    #[test]
    fn wakes_coalesce_and_endpoints_take_turns() {
        let mut claim_queue = ClaimQueue::default();
        for _ in 0..3 {
            claim_queue.wake(endpoint(1));
            claim_queue.wake(endpoint(2));
        }
        assert_eq!(take(&mut claim_queue, 1), [endpoint(1)]);
        claim_queue.claimed(endpoint(1), true);
        assert_eq!(
            take(&mut claim_queue, 100),
            [endpoint(2), endpoint(1)],
            "the other endpoint comes first"
        );
        claim_queue.claimed(endpoint(1), false);
        claim_queue.claimed(endpoint(2), false);
        assert!(claim_queue.is_empty() && claim_queue.states.is_empty());
    }

    #[test]
    fn wake_during_claim_requeues_endpoint() {
        let mut claim_queue = ClaimQueue::default();
        claim_queue.wake(endpoint(1));
        take(&mut claim_queue, 100);
        claim_queue.wake(endpoint(1));
        assert!(claim_queue.is_empty());
        claim_queue.claimed(endpoint(1), false);
        assert_eq!(take(&mut claim_queue, 100), [endpoint(1)]);
    }

    #[test]
    fn capacity_freed_by_any_endpoint_wakes_those_without_any_in_turn() {
        let mut claim_queue = ClaimQueue::default();
        for n in 1..=3 {
            claim_queue.wake(endpoint(n));
        }
        let none = claim_queue.take(100, |_| Grant::<()>::AllInUse, |()| 8);
        assert!(none.is_empty() && claim_queue.is_empty());
        claim_queue.wake(endpoint(1));
        claim_queue.capacity_freed(endpoint(9));
        assert_eq!(take(&mut claim_queue, 100), [endpoint(1)]);
        claim_queue.capacity_freed(endpoint(9));
        claim_queue.capacity_freed(endpoint(9));
        claim_queue.capacity_freed(endpoint(9));
        assert_eq!(take(&mut claim_queue, 100), [endpoint(2), endpoint(3)]);
    }

    #[test]
    fn busy_endpoint_waits_for_capacity_and_shut_one_for_wake() {
        let mut claim_queue = ClaimQueue::default();
        claim_queue.wake(endpoint(1));
        claim_queue.wake(endpoint(2));
        let refuse = |candidate| match candidate == endpoint(1) {
            true => Grant::<()>::AtCapacity,
            false => Grant::CircuitOpen,
        };
        let none = claim_queue.take(100, refuse, |()| 8);
        assert!(none.is_empty());
        claim_queue.wake(endpoint(1));
        claim_queue.capacity_freed(endpoint(2));
        assert!(
            claim_queue.is_empty(),
            "a wake adds no capacity, and capacity adds no rows"
        );
        claim_queue.capacity_freed(endpoint(1));
        claim_queue.wake(endpoint(2));
        assert_eq!(take(&mut claim_queue, 100), [endpoint(1), endpoint(2)]);
    }
}
