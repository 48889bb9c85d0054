//! Which endpoints want to be claimed for, in turn.
//!
//! ```text
//!          wake                 take: credit              claimed: more is due
//!  (none) ──────▶ Queued ───────────────────▶ Claiming ──────────────────────▶ Queued
//!                   │  ▲ credit came free         │ claimed: nothing more
//!        take: busy ▼  │                          ▼
//!                  AwaitingCapacity                      (none)
//! ```
//!
//! Wake-ups coalesce here: an endpoint is queued once, however often it is woken. Owns the turns.
//! Never claims, never knows what a credit is.

use std::collections::{HashMap, VecDeque};

use entities::ids::EndpointId;

/// Where an endpoint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClaimState {
    Queued,
    /// A claim is out; `woken` since it began.
    Claiming {
        woken: bool,
    },
    /// It has rows and no credit.
    AwaitingCapacity,
}

/// What an endpoint was found to have when its turn came.
#[derive(Debug)]
pub(crate) enum Offer<T> {
    /// Credit for so many rows, and the proof of it.
    Credit(u32, T),
    /// None until a send ends.
    Busy,
    /// None at all: whoever opens it again wakes it.
    Shut,
}

/// The queue of endpoints.
#[derive(Debug, Default)]
pub(crate) struct ClaimQueue {
    turns: HashMap<EndpointId, ClaimState>,
    queue: VecDeque<EndpointId>,
}

impl ClaimQueue {
    /// The endpoint has rows that may be due.
    pub(super) fn wake(&mut self, endpoint: EndpointId) {
        match self.turns.get_mut(&endpoint) {
            None => self.enqueue(endpoint),
            Some(ClaimState::Claiming { woken }) => *woken = true,
            Some(ClaimState::Queued | ClaimState::AwaitingCapacity) => {}
        }
    }

    /// Credit of the endpoint may have come free.
    pub(super) fn feed(&mut self, endpoint: EndpointId) {
        if self.turns.get(&endpoint) == Some(&ClaimState::AwaitingCapacity) {
            self.enqueue(endpoint);
        }
    }

    /// Takes endpoints in turn until they have credit for `rows` rows together.
    pub(super) fn take<T>(
        &mut self,
        rows: u32,
        mut offer: impl FnMut(EndpointId) -> Offer<T>,
    ) -> Vec<T> {
        let (mut taken, mut credits) = (Vec::new(), 0_u32);
        while credits < rows {
            let Some(endpoint) = self.queue.pop_front() else {
                break;
            };
            match offer(endpoint) {
                Offer::Credit(credit, proof) => {
                    self.turns
                        .insert(endpoint, ClaimState::Claiming { woken: false });
                    credits = credits.saturating_add(credit);
                    taken.push(proof);
                }
                Offer::Busy => {
                    self.turns.insert(endpoint, ClaimState::AwaitingCapacity);
                }
                Offer::Shut => {
                    self.turns.remove(&endpoint);
                }
            }
        }
        taken
    }

    /// The endpoint's claim is back; `more` when it brought as many rows as there was credit for.
    /// Answers whether the endpoint still wants to be claimed for.
    pub(super) fn claimed(&mut self, endpoint: EndpointId, more: bool) -> bool {
        match self.turns.remove(&endpoint) {
            Some(ClaimState::Claiming { woken }) if more || woken => self.enqueue(endpoint),
            Some(ClaimState::Claiming { .. }) | None => return false,
            Some(turn) => {
                self.turns.insert(endpoint, turn);
            }
        }
        true
    }

    /// Whether nobody is queued.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn enqueue(&mut self, endpoint: EndpointId) {
        self.turns.insert(endpoint, ClaimState::Queued);
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
        claim_queue.take(rows, |endpoint| Offer::Credit(8, endpoint))
    }

    #[test]
    fn wakes_coalesce_and_turns_go_round() {
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
            "the others first"
        );
        claim_queue.claimed(endpoint(1), false);
        claim_queue.claimed(endpoint(2), false);
        assert!(claim_queue.is_empty() && claim_queue.turns.is_empty());
    }

    #[test]
    fn a_wake_during_a_claim_is_not_lost() {
        let mut claim_queue = ClaimQueue::default();
        claim_queue.wake(endpoint(1));
        take(&mut claim_queue, 100);
        claim_queue.wake(endpoint(1));
        assert!(claim_queue.is_empty());
        claim_queue.claimed(endpoint(1), false);
        assert_eq!(take(&mut claim_queue, 100), [endpoint(1)]);
    }

    #[test]
    fn the_starved_wait_for_credit_and_the_shut_for_a_wake() {
        let mut claim_queue = ClaimQueue::default();
        claim_queue.wake(endpoint(1));
        claim_queue.wake(endpoint(2));
        let none = claim_queue.take(100, |candidate| match candidate == endpoint(1) {
            true => Offer::<()>::Busy,
            false => Offer::Shut,
        });
        assert!(none.is_empty());
        claim_queue.wake(endpoint(1));
        claim_queue.feed(endpoint(2));
        assert!(
            claim_queue.is_empty(),
            "a wake brings no credit, and credit no rows"
        );
        claim_queue.feed(endpoint(1));
        claim_queue.wake(endpoint(2));
        assert_eq!(take(&mut claim_queue, 100), [endpoint(1), endpoint(2)]);
    }
}
