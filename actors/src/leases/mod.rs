//! Leases of deliveries and the capacity of each endpoint, shared by the code that inserts, claims, sends and
//! completes.
//!
//! Owns the lease table, which is in memory. Never reads or writes the database.

mod capacity;
mod delivery;
mod lease;
mod table;

pub(crate) use capacity::{AttemptResult, SENDS};
pub(crate) use delivery::LeasedDelivery;
pub(crate) use lease::{Lease, Reservation};
pub(crate) use table::{Grant, LeaseTable};
