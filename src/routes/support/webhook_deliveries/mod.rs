//! Any creditor's deliveries.

pub(crate) mod list;
