//! Routes of placements: overdue invoices that a creditor has placed for collection.

pub(crate) mod audit;
pub(crate) mod create;
pub(crate) mod create_batch;
pub(crate) mod list;
pub(crate) mod pause;
pub(crate) mod recall;
pub(crate) mod record_payment;
pub(crate) mod resume;
pub(crate) mod show;
pub(crate) mod unrecall;
