//! Credit that is reserved, and rows that are leased: both give back what they hold when they are
//! dropped, so whoever dies with one needs nobody to clear up after it.

use std::sync::Arc;

use entities::ids::EndpointId;
use entities::queries::delivery::Fence;

use super::table::Book;

/// Credit taken for a claim. What the claim does not use is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    book: Arc<Book>,
    endpoint: EndpointId,
    credits: u32,
}

impl Reservation {
    /// The credits must have been taken from the endpoint's account.
    pub(super) fn new(book: Arc<Book>, endpoint: EndpointId, credits: u32) -> Self {
        Self {
            book,
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
        let mut pages = self.book.pages();
        pages.held.insert(fence);
        if self.credits == 0 {
            pages.take(self.endpoint, 1); // more rows than asked for: count them all the same
        } else {
            self.credits -= 1;
        }
        drop(pages);
        Lease::new(Arc::clone(&self.book), self.endpoint, fence)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.book.pages().give(self.endpoint, self.credits);
    }
}

/// One leased row of this process. Dropped unsettled it is lost, and given back to the queue.
#[derive(Debug)]
pub(crate) struct Lease {
    book: Arc<Book>,
    endpoint: EndpointId,
    fence: Fence,
    settled: bool,
}

impl Lease {
    /// The fence must have been entered and a credit taken.
    pub(super) fn new(book: Arc<Book>, endpoint: EndpointId, fence: Fence) -> Self {
        Self {
            book,
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
        let mut pages = self.book.pages();
        pages.held.remove(&self.fence);
        if !self.settled {
            pages.lost.push(self.fence);
        }
        pages.give(self.endpoint, 1);
    }
}
