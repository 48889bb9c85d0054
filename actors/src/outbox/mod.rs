//! Events and audit entries of a transaction: event types, subscriptions, the outbox itself, and pre-leased deliveries.
//!
//! Owns the tables `message` and `audit_event`, and the insertion of `delivery` rows. Never sends anything.

mod append;
mod event_type;
mod handle;
mod prelease;
mod subscription;

pub(crate) use append::{AuditEntry, Outbox};
pub(crate) use event_type::{EventType, catalogue};
pub(crate) use handle::{DeliveryWork, OutboxContext};
pub(crate) use prelease::PostCommitDeliveries;
pub(crate) use subscription::{matches_filter, ordering_key};
