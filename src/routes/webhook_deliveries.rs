//! Routes of webhook deliveries: events that were sent to an endpoint of the creditor, or will be.

use actors::domain::delivery_state;
use actors::ids::DeliveryId;
use actors::{DeliveryDetail, DeliveryFilter, DeliveryView, Page, PartnerApi, TestEventView};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::Result;
use crate::extract::{Caller, FieldErrors, NoBody, OptionalKey, PathId, StrictQuery};
use crate::routes::respond;

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

/// Filters and paging.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Only deliveries with this status: `pending`, `delivering`, `delivered`, `failed`, `exhausted` or `cancelled`.
    status: Option<String>,
    /// Only deliveries of this event type, from `GET /v1/settings/webhook-events`.
    event: Option<String>,
    /// Maximum number of rows on this page. A value outside 1 to 100 is an error.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// Number of rows to skip.
    #[param(value_type = Option<u64>, minimum = 0, default = 0)]
    offset: Option<String>,
}

/// List webhook deliveries
///
/// Returns the newest deliveries first. `attempts` is the number of attempts;
/// `GET /v1/settings/webhook-deliveries/{id}` shows each attempt.
#[utoipa::path(
    get, path = "/v1/settings/webhook-deliveries", tag = "Webhooks", params(Query),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryView>))
)]
pub(crate) async fn list(
    caller: Caller,
    StrictQuery(query, mut errors): StrictQuery<Query>,
) -> Result<Json<Page<DeliveryView>>> {
    let filter = filter(&caller, &mut errors, query.status, query.event);
    let slice = errors.slice(query.limit, query.offset, DEFAULT_LIMIT);
    errors.finish(|| Some(()))?;
    Ok(Json(caller.webhook_deliveries(filter, slice).await?))
}

/// Send a test event
///
/// Sends `webhook.test` to the creditor's webhook at once and returns the response of the receiver. The event filter,
/// the order, the throttle and an open circuit do not apply. If the response is not a 2xx, the event is retried like
/// any other.
#[utoipa::path(
    post, path = "/v1/settings/webhook-deliveries/test", tag = "Webhooks", params(OptionalKey),
    responses(
        (status = 200, description = "The response of the receiver", body = TestEventView),
        (status = 404, description = "`not_found`: there is no primary webhook; set its URL first"),
        (status = 409, description = "`endpoint_disabled`"),
    )
)]
pub(crate) async fn test(caller: Caller, key: OptionalKey, _body: NoBody) -> Result<Response> {
    let tested = caller.send_test_webhook(None, key.key).await?;
    Ok(respond::replayable(StatusCode::OK, tested))
}

/// Show a webhook delivery
///
/// Returns the delivery with every attempt: status, latency, error, and the beginning of the receiver's response.
#[utoipa::path(
    get, path = "/v1/settings/webhook-deliveries/{id}", tag = "Webhooks",
    responses((status = 200, description = "The delivery", body = DeliveryDetail))
)]
pub(crate) async fn show(caller: Caller, id: PathId<DeliveryId>) -> Result<Json<DeliveryDetail>> {
    Ok(Json(caller.webhook_delivery(id.0).await?))
}

/// Redeliver a webhook
///
/// Sends the same event with the same `webhook-id` once more, regardless of the outcome of earlier attempts.
#[utoipa::path(
    post, path = "/v1/settings/webhook-deliveries/{id}/redeliver", tag = "Webhooks", params(OptionalKey),
    responses((status = 200, description = "The delivery, queued for sending", body = DeliveryView))
)]
pub(crate) async fn redeliver(
    caller: Caller,
    id: PathId<DeliveryId>,
    key: OptionalKey,
    _body: NoBody,
) -> Result<Response> {
    let queued = caller.redeliver(id.0, key.key).await?;
    Ok(respond::replayable(StatusCode::OK, queued))
}
