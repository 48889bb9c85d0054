//! A delivery that this process has leased.

use entities::queries::delivery::ClaimedDelivery;

use super::lease::Lease;

/// A leased row and its lease.
#[derive(Debug)]
pub(crate) struct LeasedDelivery {
    pub(crate) row: ClaimedDelivery,
    pub(crate) lease: Lease,
}
