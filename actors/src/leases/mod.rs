//! Leases on deliveries and the capacity of each endpoint, shared by those who insert, claim, send and complete.

mod lease;
mod table;

pub(crate) use lease::{Lease, Reservation};
pub(crate) use table::{Attempted, Book, Grant, SENDS};
