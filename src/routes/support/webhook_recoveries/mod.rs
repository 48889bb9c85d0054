//! Support routes of recoveries.

pub(crate) mod create;
pub(crate) mod show;
