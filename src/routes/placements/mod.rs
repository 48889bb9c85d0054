//! Routes of placements: overdue invoices that a creditor has placed for collection.

mod actions;
pub(crate) mod audit;
pub(crate) mod create;
pub(crate) mod create_batch;
pub(crate) mod list;
pub(crate) mod record_payment;
pub(crate) mod show;

// One module for each action, e.g. `placements::recall`.
pub(crate) use actions::*;
