//! Routes of webhook deliveries: events that were sent to an endpoint of the creditor, or will be.

pub(crate) mod list;
pub(crate) mod redeliver;
pub(crate) mod show;
pub(crate) mod test;

use actors::domain::delivery_state;
use actors::{DeliveryFilter, PartnerApi};

use crate::extract::FieldErrors;

/// The page size if the caller gives no `limit`.
pub(super) const DEFAULT_LIMIT: u64 = 50;

/// Validates the filters that the creditor's list and the support list have in common.
pub(super) fn filter(
    api: &PartnerApi,
    errors: &mut FieldErrors,
    status: Option<String>,
    event: Option<String>,
) -> DeliveryFilter {
    let events: Vec<&str> = api
        .webhook_events()
        .events
        .iter()
        .map(|event| event.name)
        .collect();
    let mut known = |name: &str, value: Option<String>, allowed: &[&str]| {
        let value = value.filter(|text| !text.is_empty());
        errors.one_of(name, value, allowed, |text| {
            allowed.contains(&text).then(|| text.to_owned())
        })
    };
    DeliveryFilter {
        status: known("status", status, &delivery_state::ALL),
        event: known("event", event, &events),
    }
}
