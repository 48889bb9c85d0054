//! Support routes of webhook deliveries.

pub(crate) mod list;
