//! Reservations of capacity, and leases of rows. Both release what they hold when they are dropped, so that a task that
//! panics needs no cleanup.

use std::sync::Arc;

use entities::ids::EndpointId;
use entities::queries::delivery::Fence;

use super::capacity::Shared;

/// Credits that are reserved for a claim. Dropping the reservation returns unused credits.
#[derive(Debug)]
pub(crate) struct Reservation {
    shared: Arc<Shared>,
    endpoint: EndpointId,
    credits: u32,
}

impl Reservation {
    /// The caller must have taken the credits from the endpoint's capacity.
    pub(super) fn new(shared: Arc<Shared>, endpoint: EndpointId, credits: u32) -> Self {
        Self {
            shared,
            endpoint,
            credits,
        }
    }

    pub(crate) fn endpoint(&self) -> EndpointId {
        self.endpoint
    }

    pub(crate) fn credits(&self) -> u32 {
        self.credits
    }

    /// Turns one credit into a lease. The caller must do this before the claim commits.
    pub(crate) fn lease(&mut self, fence: Fence) -> Lease {
        let mut inner = self.shared.lock();
        inner.held.insert(fence);
        if self.credits == 0 {
            inner.take(self.endpoint, 1); // count rows beyond the reservation, too
        } else {
            self.credits -= 1;
        }
        drop(inner);
        Lease::new(Arc::clone(&self.shared), self.endpoint, fence)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shared.lock().give(self.endpoint, self.credits);
    }
}

/// The lease of one row. If it is dropped unsettled it is lost, and its row returns to the queue.
#[derive(Debug)]
pub(crate) struct Lease {
    shared: Arc<Shared>,
    endpoint: EndpointId,
    fence: Fence,
    settled: bool,
}

impl Lease {
    /// The caller must have added the fence to the held leases and taken a credit.
    pub(super) fn new(shared: Arc<Shared>, endpoint: EndpointId, fence: Fence) -> Self {
        Self {
            shared,
            endpoint,
            fence,
            settled: false,
        }
    }

    pub(crate) fn fence(&self) -> Fence {
        self.fence
    }

    pub(crate) fn endpoint(&self) -> EndpointId {
        self.endpoint
    }

    /// Ends the lease after its completion has been committed, or if its row was never committed.
    pub(crate) fn complete(mut self) {
        self.settled = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut inner = self.shared.lock();
        inner.held.remove(&self.fence);
        if !self.settled {
            inner.lost.push(self.fence);
        }
        inner.give(self.endpoint, 1);
    }
}
