//! What an endpoint has asked for: which events, and in which line they stand.

use entities::ids::PlacementId;
use entities::webhook_endpoint::{DeliveryOrder, Model};
use uuid::Uuid;

use super::event_type::EventType;

/// Whether the endpoint's filter lets the event through; no filter is everything.
pub(crate) fn matches_filter(endpoint: &Model, event: EventType) -> bool {
    let Some(filter) = &endpoint.events else {
        return true;
    };
    serde_json::from_str::<Vec<String>>(filter)
        .is_ok_and(|names| names.iter().any(|name| name == event.as_str()))
}

/// The line in which an event stands at the endpoint, if in any. What is about no placement is in
/// no placement's line.
pub(crate) fn ordering_key(endpoint: &Model, placement: Option<PlacementId>) -> Option<Uuid> {
    match endpoint.ordering {
        DeliveryOrder::Free => None,
        DeliveryOrder::Endpoint => Some(endpoint.id.0),
        DeliveryOrder::Placement => placement.map(|placement| placement.0),
    }
}
