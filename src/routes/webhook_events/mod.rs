//! The route of the event catalogue.

pub(crate) mod list;
