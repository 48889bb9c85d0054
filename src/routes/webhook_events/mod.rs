//! The catalogue of webhook events.

pub(crate) mod list;
