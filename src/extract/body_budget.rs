//! The memory for request bodies: how much all requests, one creditor, and callers that nobody has authenticated may
//! have in flight, the latter also by address.
//!
//! A body is reserved while it arrives and until its request has been answered, because the values that are read from
//! it take memory, too. Never reads a body.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actors::ApiError;
use actors::ids::CreditorId;

/// The most bytes of all bodies.
const MAX_TOTAL: usize = 128 * 1024 * 1024;
/// The most bytes of the bodies of one creditor.
const MAX_PER_CREDITOR: usize = 32 * 1024 * 1024;
/// The most bytes of the bodies of callers that are not authenticated.
const MAX_UNAUTHENTICATED: usize = 16 * 1024 * 1024;
/// The most bytes of their bodies from one address or IPv6 network.
const MAX_PER_ADDRESS: usize = 2 * 1024 * 1024;

/// For whom a body is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BodyOwner {
    Creditor(CreditorId),
    Support,
    /// An address, or the first one of an IPv6 network.
    Unauthenticated(IpAddr),
}

/// The bodies in flight. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct BodyBudget(Arc<Mutex<InFlight>>);

#[derive(Debug, Default)]
struct InFlight {
    total: usize,
    unauthenticated: usize,
    /// Without the owners that have nothing in flight.
    by_owner: HashMap<BodyOwner, usize>,
}

/// The bytes of one body. They become free when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: BodyBudget,
    owner: BodyOwner,
    bytes: usize,
}

impl BodyBudget {
    /// Reserves nothing yet.
    pub(crate) fn reserve(&self, owner: BodyOwner) -> Reservation {
        Reservation {
            budget: self.clone(),
            owner,
            bytes: 0,
        }
    }

    fn in_flight(&self) -> MutexGuard<'_, InFlight> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Reserves more bytes.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if the owner, or all together, would have too many.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let mut in_flight = self.budget.in_flight();
        let limit = match self.owner {
            BodyOwner::Creditor(_) => MAX_PER_CREDITOR,
            BodyOwner::Support => MAX_TOTAL,
            BodyOwner::Unauthenticated(_) => MAX_PER_ADDRESS,
        };
        let total = in_flight.total.saturating_add(bytes);
        let unauthenticated = in_flight
            .unauthenticated
            .saturating_add(self.unauthenticated(bytes));
        let known = in_flight.by_owner.get(&self.owner).copied().unwrap_or(0);
        let own = known.saturating_add(bytes);
        if total > MAX_TOTAL || own > limit || unauthenticated > MAX_UNAUTHENTICATED {
            return Err(ApiError::Overloaded);
        }
        in_flight.total = total;
        in_flight.unauthenticated = unauthenticated;
        in_flight.by_owner.insert(self.owner, own);
        self.bytes += bytes;
        Ok(())
    }

    fn unauthenticated(&self, bytes: usize) -> usize {
        match self.owner {
            BodyOwner::Unauthenticated(_) => bytes,
            BodyOwner::Creditor(_) | BodyOwner::Support => 0,
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut in_flight = self.budget.in_flight();
        in_flight.total = in_flight.total.saturating_sub(self.bytes);
        let unauthenticated = self.unauthenticated(self.bytes);
        in_flight.unauthenticated = in_flight.unauthenticated.saturating_sub(unauthenticated);
        let left = in_flight.by_owner.get(&self.owner).copied().unwrap_or(0);
        match left.saturating_sub(self.bytes) {
            0 => in_flight.by_owner.remove(&self.owner),
            left => in_flight.by_owner.insert(self.owner, left),
        };
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn creditor(n: u128) -> BodyOwner {
        BodyOwner::Creditor(CreditorId(Uuid::from_u128(n)))
    }

    #[test]
    fn creditor_reaches_its_share_and_others_do_not_wait() {
        let budget = BodyBudget::default();
        let (mut first, mut second) = (budget.reserve(creditor(1)), budget.reserve(creditor(1)));
        assert_eq!(first.grow(20 * MIB), Ok(()));
        assert_eq!(second.grow(12 * MIB), Ok(()));
        assert_eq!(second.grow(1), Err(ApiError::Overloaded));
        let mut other = budget.reserve(creditor(2));
        assert_eq!(other.grow(32 * MIB), Ok(()));
        drop(first);
        assert_eq!(second.grow(20 * MIB), Ok(()));
    }

    #[test]
    fn total_and_unauthenticated_bodies_are_bounded() {
        let budget = BodyBudget::default();
        let anonymous = |n: u8| BodyOwner::Unauthenticated([192, 0, 2, n].into());
        let mut kept = Vec::new();
        for n in 0..8 {
            let mut reservation = budget.reserve(anonymous(n));
            assert_eq!(reservation.grow(2 * MIB), Ok(()));
            assert_eq!(
                reservation.grow(1),
                Err(ApiError::Overloaded),
                "2 MiB an address"
            );
            kept.push(reservation);
        }
        let mut other = budget.reserve(anonymous(99));
        assert_eq!(other.grow(1), Err(ApiError::Overloaded), "16 MiB in all");
        for n in 0..3 {
            let mut reservation = budget.reserve(creditor(n));
            assert_eq!(reservation.grow(32 * MIB), Ok(()));
            kept.push(reservation);
        }
        let mut last = budget.reserve(creditor(9));
        assert_eq!(
            last.grow(17 * MIB),
            Err(ApiError::Overloaded),
            "128 MiB in all"
        );
        assert_eq!(last.grow(16 * MIB), Ok(()));
    }

    #[test]
    fn everything_is_returned() {
        let budget = BodyBudget::default();
        for _ in 0..1_000 {
            let mut reservation = budget.reserve(creditor(1));
            reservation.grow(MIB).unwrap();
        }
        let in_flight = budget.in_flight();
        assert_eq!((in_flight.total, in_flight.by_owner.len()), (0, 0));
        assert_eq!(in_flight.unauthenticated, 0);
    }
}
