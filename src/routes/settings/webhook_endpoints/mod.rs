//! Webhook endpoints beside the one that Settings → Webhook URL sets, and that one too. For people alone.

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

/// What an owner asks of an endpoint.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = WebhookEndpointSettings)]
pub(crate) struct Request {
    /// Where events are sent: a public https address. A new one switches on an endpoint that was switched off.
    #[serde(default)]
    #[schema(value_type = String, format = "uri", example = "https://hooks.example.com/partner-api")]
    url: Field<String>,
    /// Your own words.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    description: Field<String>,
    /// Which events, from the catalogue; null is all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    events: Field<Vec<String>>,
    /// Sends a second at most; more are delayed, never dropped. Null is as fast as it answers.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    throttle_per_second: Field<u32>,
    /// Up to 10 headers that are sent beside ours, for a gateway's token say. Stored encrypted, never shown again.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"Authorization": "Bearer …"}))]
    headers: Field<BTreeMap<String, String>>,
    /// In which order events arrive for the first time: in none and fastest, all of them one after the other by
    /// `sequence`, or those of one placement. It holds for events from then on.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^(none|endpoint|placement)$", default = "none")]
    order: Field<String>,
    /// When the first in a line is out of attempts: pause the endpoint, or skip that delivery.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^(pause|skip)$", default = "pause")]
    on_exhausted: Field<String>,
    /// A paused endpoint's events wait; false also switches on what was switched off.
    #[serde(default)]
    #[schema(value_type = bool, default = false)]
    paused: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

impl Request {
    /// The change, or everything that is wrong with its shape.
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
