//! The handlers: one folder a resource, one file a verb. A file reads top to bottom: what is asked, what is answered, how.
//!
//! A handler turns HTTP into one call of the platform and its answer into HTTP. It never holds a rule of the business.

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
