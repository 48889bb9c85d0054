//! Leases on deliveries and the capacity of each endpoint, shared by those who insert, claim, send and complete.

mod capacity;
mod delivery;
mod lease;
mod table;

pub(crate) use capacity::{Attempted, SENDS};
pub(crate) use delivery::LeasedDelivery;
pub(crate) use lease::{Lease, Reservation};
pub(crate) use table::{Grant, LeaseTable};
