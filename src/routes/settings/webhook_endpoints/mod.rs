//! Routes of webhook endpoints: the primary one, which Settings → Webhook URL sets, and additional ones.
//!
//! All of them need a signed-in session.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod rotate_secret;
pub(crate) mod secret;
pub(crate) mod show;
pub(crate) mod test;
pub(crate) mod update;

use std::collections::BTreeMap;

use actors::{ApiError, EndpointChange};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::body_field::Fields;
use crate::extract::{Field, FieldErrors, Unknown};

/// Settings of a webhook endpoint. In a `PATCH`, absent fields stay unchanged.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = WebhookEndpointSettings)]
pub(crate) struct Request {
    /// URL to which events are sent: a public https address. A new URL re-enables a disabled endpoint.
    #[serde(default)]
    #[schema(value_type = String, format = "uri", example = "https://hooks.example.com/partner-api")]
    url: Field<String>,
    /// Free text.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    description: Field<String>,
    /// Event types to send, from `GET /v1/settings/webhook-events`. Null means all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    events: Field<Vec<String>>,
    /// Maximum number of sends per second. Further sends are delayed, never dropped. Null means no limit.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    throttle_per_second: Field<u32>,
    /// Up to 10 additional headers for every request, e.g. with a token for your gateway. Their values are stored
    /// encrypted and never shown again.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"Authorization": "Bearer …"}))]
    headers: Field<BTreeMap<String, String>>,
    /// The order in which events arrive for the first time. `none`: no order, the fastest. `endpoint`: all events one
    /// after the other by `sequence`. `placement`: the events of each placement one after the other. A change applies
    /// to later events.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^(none|endpoint|placement)$", default = "none")]
    order: Field<String>,
    /// For ordered endpoints: what happens when a delivery that others wait for has no attempts left. `pause` pauses
    /// the endpoint; `skip` continues with the next delivery.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^(pause|skip)$", default = "pause")]
    on_exhausted: Field<String>,
    /// Whether the endpoint is paused. Events of a paused endpoint wait. False also re-enables a disabled endpoint.
    #[serde(default)]
    #[schema(value_type = bool, default = false)]
    paused: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

impl Request {
    /// Converts the body to a change. Reports every field with a wrong type or length.
    fn change(self, needs_url: bool) -> Result<EndpointChange, ApiError> {
        let mut errors = FieldErrors::of_body();
        let url = match needs_url {
            true => errors.required("url", self.url),
            false => self
                .url
                .is_present()
                .then(|| errors.required("url", self.url))
                .flatten(),
        };
        let description = errors.nullable("description", self.description);
        let description = description
            .map(|text| text.and_then(|text| errors.text("description", Some(text), 200)));
        let change = EndpointChange {
            url,
            description,
            events: errors.nullable("events", self.events),
            throttle_per_second: errors.nullable("throttle_per_second", self.throttle_per_second),
            headers: errors.nullable("headers", self.headers),
            order: errors.optional("order", self.order),
            on_exhausted: errors.optional("on_exhausted", self.on_exhausted),
            paused: errors.optional("paused", self.paused),
        };
        errors.unknown(&self.unknown);
        errors.finish(|| Some(change))
    }
}
