//! The handlers: one file per resource. A file contains the requests, the responses and the handlers of its routes.
//!
//! A handler converts an HTTP request to one call of the platform, and the result to a response. It never implements a
//! business rule.

pub(crate) mod agreements;
pub(crate) mod creditors;
pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod integrations;
pub(crate) mod metrics;
pub(crate) mod openapi;
pub(crate) mod placements;
#[cfg(feature = "bench")]
pub(crate) mod read_without_admission;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod support;
pub(crate) mod test_placements;
pub(crate) mod unknown_path;
pub(crate) mod webhook_deliveries;
pub(crate) mod webhook_events;
pub(crate) mod webhook_recoveries;

mod respond;
