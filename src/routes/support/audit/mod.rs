//! The route of the audit log.

pub(crate) mod list;
