//! Any creditor's recoveries.

pub(crate) mod create;
pub(crate) mod show;
