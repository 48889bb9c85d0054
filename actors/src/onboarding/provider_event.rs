//! Provider events: verifies the signature on the raw bytes, then extracts the fact about a gate.
//!
//! The module never touches the database.

use serde::Deserialize;
use serde_json::Value;

use crate::contract::{ApiError, Provider, ProviderDelivery};
use crate::domain::date::parse_instant;
use crate::domain::gates::{Fact, FactValue, Gate};
use crate::domain::signature;
use crate::infra::{Mode, Settings};
use secrecy::ExposeSecret;

/// How far a provider's clock may be ahead of ours, in milliseconds.
const MAX_CLOCK_SKEW_MS: i64 = 300_000;

/// An event in the form that all providers share.
#[derive(Debug, Clone)]
pub(crate) struct ProviderEvent {
    pub(crate) provider: Provider,
    /// Unique per provider.
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    /// The provider's name for the account: a Stripe account, or our creditor id.
    pub(crate) external_id: String,
    /// When the fact occurred, by the provider's clock. Epoch milliseconds.
    pub(crate) occurred_ms: i64,
    /// The fact about a gate, if the event carries one.
    pub(crate) fact: Option<(Gate, Fact)>,
}

/// Verifies the signature, then parses the event.
///
/// # Errors
/// [`ApiError::ProviderNotConfigured`] without a secret for the provider, [`ApiError::InvalidSignature`], and a field
/// error for a body that does not parse.
pub(crate) fn verify_and_read(
    settings: &Settings,
    provider: Provider,
    delivery: &ProviderDelivery<'_>,
    now_ms: i64,
) -> Result<ProviderEvent, ApiError> {
    let secrets = &settings.providers;
    let secret = match provider {
        Provider::Stripe => &secrets.stripe,
        Provider::Middesk => &secrets.middesk,
        Provider::Docusign => &secrets.docusign,
    };
    let secret = secret
        .as_ref()
        .ok_or(ApiError::ProviderNotConfigured(provider))?
        .expose_secret();
    let first = delivery.signatures.first().copied().unwrap_or_default();
    let verdict = match provider {
        Provider::Stripe => signature::verify_stripe(first, delivery.body, secret, now_ms / 1_000),
        Provider::Middesk => signature::verify_hex(first, delivery.body, secret.as_bytes()),
        Provider::Docusign => {
            signature::verify_docusign(&delivery.signatures, delivery.body, secret.as_bytes())
        }
    };
    verdict.map_err(|error| {
        tracing::warn!(provider = provider.as_str(), %error, "the signature of a provider event was rejected");
        ApiError::InvalidSignature
    })?;
    let mut event = match provider {
        Provider::Stripe => read_stripe(delivery.body, settings.mode),
        Provider::Middesk => read_middesk(delivery.body),
        Provider::Docusign => read_docusign(delivery.body),
    }?;
    event.not_after(now_ms + MAX_CLOCK_SKEW_MS);
    Ok(event)
}

impl ProviderEvent {
    /// Caps the time of the event at `latest_ms`. A fact from the future would override every later fact.
    fn not_after(&mut self, latest_ms: i64) {
        if self.occurred_ms <= latest_ms {
            return;
        }
        tracing::warn!(
            provider = self.provider.as_str(),
            event_id = self.event_id,
            "a provider event is dated in the future; its time is set to the latest allowed"
        );
        self.occurred_ms = latest_ms;
        if let Some((_, fact)) = &mut self.fact {
            fact.at_ms = latest_ms;
        }
    }
}

/// Parses a signed body. Providers show the error in their dashboards, so it names the position that does not parse.
fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::field(
            &["body"],
            format!("does not match the documented event: {error}"),
        )
    })
}

fn instant(text: &str, field: &str) -> Result<i64, ApiError> {
    parse_instant(text).map_err(|error| ApiError::field(&["body", field], error.to_string()))
}

pub(super) fn passed_or_open(passed: bool) -> FactValue {
    match passed {
        true => FactValue::Passed,
        false => FactValue::Open,
    }
}

/// A fact that says nothing about the value before it.
pub(super) fn fact(value: FactValue, at_ms: i64) -> Fact {
    Fact {
        at_ms,
        value,
        names_previous: false,
    }
}

#[derive(Deserialize)]
struct StripeEvent {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    account: Option<String>,
    created: i64,
    livemode: Option<bool>,
    data: Option<StripeData>,
}

#[derive(Deserialize)]
struct StripeData {
    #[serde(default)]
    object: Value,
    #[serde(default)]
    previous_attributes: Value,
}

fn read_stripe(body: &[u8], mode: Mode) -> Result<ProviderEvent, ApiError> {
    let event: StripeEvent = parse(body)?;
    let occurred_ms = event.created.saturating_mul(1_000);
    let fits = event.livemode.unwrap_or(false) == (mode == Mode::Production);
    let value = match event.event_type.as_str() {
        "account.updated" => event
            .data
            .as_ref()
            .and_then(|data| data.object.get("payouts_enabled")?.as_bool())
            .map(passed_or_open),
        "account.application.deauthorized" => Some(FactValue::Open),
        _ => None,
    };
    let names_previous = event
        .data
        .as_ref()
        .is_some_and(|data| data.previous_attributes.get("payouts_enabled").is_some());
    let fact = value.filter(|_| fits).map(|value| Fact {
        at_ms: occurred_ms,
        value,
        names_previous,
    });
    Ok(ProviderEvent {
        provider: Provider::Stripe,
        event_id: event.id,
        event_type: event.event_type,
        external_id: event.account.unwrap_or_default(),
        occurred_ms,
        fact: fact.map(|fact| (Gate::PayoutsEnabled, fact)),
    })
}

#[derive(Deserialize)]
struct MiddeskEvent {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    created_at: String,
    #[serde(default)]
    data: Value,
}

fn read_middesk(body: &[u8]) -> Result<ProviderEvent, ApiError> {
    let event: MiddeskEvent = parse(body)?;
    let occurred_ms = instant(&event.created_at, "created_at")?;
    let text = |pointer| event.data.pointer(pointer).and_then(Value::as_str);
    let value = match (event.event_type.as_str(), text("/object/status")) {
        ("business.updated", Some("approved")) => Some(FactValue::Passed),
        ("business.updated", Some("rejected")) => Some(FactValue::Refused),
        ("business.updated", Some("in_review")) => Some(FactValue::Open),
        _ => None,
    };
    let external_id = text("/object/external_id").unwrap_or_default().to_owned();
    Ok(ProviderEvent {
        provider: Provider::Middesk,
        event_id: event.id,
        event_type: event.event_type,
        external_id,
        occurred_ms,
        fact: value.map(|value| (Gate::KybVerified, fact(value, occurred_ms))),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocusignEvent {
    event: String,
    generated_date_time: String,
    #[serde(default)]
    data: Value,
}

fn read_docusign(body: &[u8]) -> Result<ProviderEvent, ApiError> {
    let event: DocusignEvent = parse(body)?;
    let occurred_ms = instant(&event.generated_date_time, "generatedDateTime")?;
    let fields = event
        .data
        .pointer("/envelopeSummary/customFields/textCustomFields");
    let creditor = fields
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|field| field.get("name").and_then(Value::as_str) == Some("creditor_id"))
        .and_then(|field| field.get("value")?.as_str())
        .unwrap_or_default()
        .to_owned();
    let envelope = event.data.get("envelopeId").and_then(Value::as_str);
    let envelope = envelope.unwrap_or_default();
    let signed = event.event == "envelope-completed";
    let passed = (Gate::MsaOnFile, fact(FactValue::Passed, occurred_ms));
    Ok(ProviderEvent {
        provider: Provider::Docusign,
        event_id: format!("{}:{}:{}", envelope, event.event, event.generated_date_time),
        event_type: event.event,
        external_id: creditor,
        occurred_ms,
        fact: signed.then_some(passed),
    })
}
