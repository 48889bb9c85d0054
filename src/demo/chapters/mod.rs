//! The chapters of the demo, one file per subject.

pub(super) mod leaked_key;
pub(super) mod onboarding;
pub(super) mod placements;
pub(super) mod provider_events;
pub(super) mod received_webhooks;
pub(super) mod shutdown;
pub(super) mod statuses;
pub(super) mod webhook;
