//! The subscription of an endpoint: the filter of its events, and the ordering key of a delivery.

use entities::ids::PlacementId;
use entities::webhook_endpoint::{DeliveryOrder, Model};
use uuid::Uuid;

use super::event_type::EventType;

/// Whether the endpoint's filter matches the event. An endpoint without a filter gets all events.
pub(crate) fn matches_filter(endpoint: &Model, event: EventType) -> bool {
    let Some(filter) = &endpoint.events else {
        return true;
    };
    serde_json::from_str::<Vec<String>>(filter)
        .is_ok_and(|names| names.iter().any(|name| name == event.as_str()))
}

/// The ordering key of an event at the endpoint. `None` if the delivery is unordered. With ordering by placement,
/// events that concern no placement are unordered.
pub(crate) fn ordering_key(endpoint: &Model, placement: Option<PlacementId>) -> Option<Uuid> {
    match endpoint.ordering {
        DeliveryOrder::Unordered => None,
        DeliveryOrder::Endpoint => Some(endpoint.id.0),
        DeliveryOrder::Placement => placement.map(|placement| placement.0),
    }
}
