//! Metrics for a monitoring system.

pub(crate) mod show;
