//! Credit that is reserved, and rows that are leased: both give back what they hold when they are
//! dropped, so whoever dies with one needs nobody to clear up after it.

use std::sync::Arc;

use entities::ids::EndpointId;
use entities::queries::delivery::Fence;

use super::capacity::Shared;

/// Credit taken for a claim. What the claim does not use is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    shared: Arc<Shared>,
    endpoint: EndpointId,
    credits: u32,
}

impl Reservation {
    /// The credits must have been taken from the endpoint's capacity.
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

    /// Turns one credit into a lease. Must come before the claim commits.
    pub(crate) fn hold(&mut self, fence: Fence) -> Lease {
        let mut inner = self.shared.lock();
        inner.held.insert(fence);
        if self.credits == 0 {
            inner.take(self.endpoint, 1); // more rows than asked for: count them all the same
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

/// One leased row of this process. Dropped unsettled it is lost, and given back to the queue.
#[derive(Debug)]
pub(crate) struct Lease {
    shared: Arc<Shared>,
    endpoint: EndpointId,
    fence: Fence,
    settled: bool,
}

impl Lease {
    /// The fence must have been entered and a credit taken.
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

    /// Its completion is committed, or its row never was.
    pub(crate) fn settle(mut self) {
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
