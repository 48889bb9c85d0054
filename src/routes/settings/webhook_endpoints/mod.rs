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

use crate::extract::{Field, FieldErrors, request_body};

request_body! {
    /// Settings of a webhook endpoint. In a `PATCH`, absent fields stay unchanged.
    #[schema(as = WebhookEndpointSettings)]
    pub(crate) struct Request => Values {
        // `change` rejects null, and decides whether the URL is required.
        /// URL to which events are sent: a public https address. A new URL re-enables a disabled endpoint.
        #[schema(nullable = false, format = "uri", example = "https://hooks.example.com/partner-api")]
        nullable url: String,
        /// Free text.
        #[schema(max_length = 200)]
        nullable description: String,
        /// Event types to send, from `GET /v1/settings/webhook-events`. Null means all.
        nullable events: Vec<String>,
        /// Maximum number of sends per second. Further sends are delayed, never dropped. Null means no limit.
        #[schema(minimum = 1, maximum = 1000)]
        nullable throttle_per_second: u32,
        /// Up to 10 additional headers for every request, e.g. with a token for your gateway. Their values are stored
        /// encrypted and never shown again.
        #[schema(example = json!({"Authorization": "Bearer …"}))]
        nullable headers: BTreeMap<String, String>,
        /// The order in which events arrive for the first time. `none`: no order, the fastest. `endpoint`: all events one
        /// after the other by `sequence`. `placement`: the events of each placement one after the other. A change applies
        /// to later events.
        #[schema(pattern = "^(none|endpoint|placement)$", default = "none")]
        optional order: String,
        /// For ordered endpoints: what happens when a delivery that others wait for has no attempts left. `pause` pauses
        /// the endpoint; `skip` continues with the next delivery.
        #[schema(pattern = "^(pause|skip)$", default = "pause")]
        optional on_exhausted: String,
        /// Whether the endpoint is paused. Events of a paused endpoint wait. False also re-enables a disabled endpoint.
        #[schema(default = false)]
        optional paused: bool,
    }
}

impl Request {
    /// Converts the body to a change. Reports every field with a wrong type or length.
    fn change(self, needs_url: bool) -> Result<EndpointChange, ApiError> {
        let url_is_missing = needs_url && !self.url.is_present();
        let mut errors = FieldErrors::of_body();
        let body = self.read(&mut errors);
        let url = match body.url {
            None if url_is_missing => errors.required("url", Field::Absent),
            Some(None) => errors.required("url", Field::Null),
            url => url.flatten(),
        };
        let description = body.description;
        let description = description.map(|text| errors.text("description", text, 200));
        errors.finish(|| {
            Some(EndpointChange {
                url,
                description,
                events: body.events,
                throttle_per_second: body.throttle_per_second,
                headers: body.headers,
                order: body.order,
                on_exhausted: body.on_exhausted,
                paused: body.paused,
            })
        })
    }
}
