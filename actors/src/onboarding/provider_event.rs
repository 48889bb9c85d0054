//! Provider events: the check of their signature, and the fact about a gate that they carry.
//!
//! An event with a valid signature is never refused for its content. What is not understood carries no fact. The module
//! never touches the database.

use std::io::Read;

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::lenient_json::{FirstWanted, Object, Scalar, Wanted};
use crate::contract::{ApiError, Provider};
use crate::domain::body_signature::BodySignature;
use crate::domain::date::parse_instant;
use crate::domain::gates::{Fact, FactValue, Gate};
use crate::infra::{Mode, Settings};

/// The type of an event that does not say one.
const UNKNOWN_TYPE: &str = "unknown";

/// An event in the form that all providers share.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProviderEvent {
    pub(crate) provider: Provider,
    /// Unique per provider.
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    /// The provider's name for the account: a Stripe account, or our creditor id. Empty if the event names none.
    pub(crate) external_id: String,
    /// When the fact occurred, by the provider's clock, but not after the receipt. Epoch milliseconds.
    pub(crate) occurred_ms: i64,
    /// The fact about a gate, if the event carries one.
    pub(crate) fact: Option<(Gate, Fact)>,
}

/// What the receipt of an event adds to its body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Receipt {
    pub(super) now_ms: i64,
    /// SHA-256 of the body. It identifies an event that has no id.
    pub(super) digest: [u8; 32],
}

/// Begins the check of a signature. `signatures` are the values of the provider's signature headers.
///
/// # Errors
/// [`ApiError::ProviderNotConfigured`] without a secret for the provider, [`ApiError::InvalidSignature`].
pub(super) fn begin_signature(
    settings: &Settings,
    provider: Provider,
    signatures: &[&str],
) -> Result<BodySignature, ApiError> {
    let secrets = &settings.providers;
    let keys = match provider {
        Provider::Stripe => &secrets.stripe,
        Provider::Middesk => &secrets.middesk,
        Provider::Docusign => &secrets.docusign,
    };
    if keys.is_empty() {
        return Err(ApiError::ProviderNotConfigured(provider));
    }
    let keys: Vec<&[u8]> = keys
        .iter()
        .map(|key| key.expose_secret().as_bytes())
        .collect();
    let begun = match provider {
        Provider::Stripe => BodySignature::stripe(signatures, &keys),
        Provider::Middesk => BodySignature::hex(signatures, &keys),
        Provider::Docusign => BodySignature::base64(signatures, &keys),
    };
    begun.map_err(|error| rejected(provider, &error))
}

/// Ends the check of a signature.
///
/// # Errors
/// [`ApiError::InvalidSignature`].
pub(super) fn verify(
    provider: Provider,
    signature: BodySignature,
    now_ms: i64,
) -> Result<(), ApiError> {
    let key = signature.verify(now_ms / 1_000);
    let key = key.map_err(|error| rejected(provider, &error))?;
    // Operators remove an older secret once no event needs it.
    tracing::info!(
        provider = provider.as_str(),
        secret_number = key + 1,
        "the signature of a provider event matches"
    );
    Ok(())
}

fn rejected(provider: Provider, error: &dyn std::error::Error) -> ApiError {
    tracing::warn!(provider = provider.as_str(), %error, "the signature of a provider event was rejected");
    ApiError::InvalidSignature
}

/// Reads the body of an event with a valid signature.
pub(super) fn read(
    provider: Provider,
    mode: Mode,
    body: impl Read,
    receipt: Receipt,
) -> ProviderEvent {
    match provider {
        Provider::Stripe => read_stripe(&parse(provider, body), mode, receipt),
        Provider::Middesk => read_middesk(&parse(provider, body), receipt),
        Provider::Docusign => read_docusign(&parse(provider, body), receipt),
    }
}

/// Returns the default for a body that is not JSON, nested too deeply, or has a member twice.
fn parse<T: DeserializeOwned + Default>(provider: Provider, mut body: impl Read) -> T {
    /// A byte order mark is no part of the text.
    const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];
    let mut start = Vec::with_capacity(BOM.len());
    let begun = body.by_ref().take(BOM.len() as u64).read_to_end(&mut start);
    let start = if start == BOM { &[] } else { start.as_slice() };
    let parsed: Result<Object<T>, _> = match begun {
        Ok(_) => serde_json::from_reader(start.chain(body)),
        Err(error) => Err(serde_json::Error::io(error)),
    };
    parsed.map_or_else(
        |error| {
            // The text of the error can quote the body.
            let (line, column) = (error.line(), error.column());
            tracing::warn!(
                provider = provider.as_str(),
                line,
                column,
                "a provider event is not understood"
            );
            T::default()
        },
        |object| object.0,
    )
}

impl Receipt {
    fn id_of_body(&self) -> String {
        format!("sha256:{}", hex::encode(self.digest))
    }

    /// The time of an event, which cannot be after its receipt. A fact from the future would override every later fact.
    fn cap(&self, occurred_ms: Option<i64>) -> i64 {
        occurred_ms.map_or(self.now_ms, |at_ms| at_ms.min(self.now_ms))
    }
}

/// A time in epoch milliseconds, from seconds or from RFC 3339.
fn instant_of(scalar: &Scalar) -> Option<i64> {
    /// The year 9999. Later numbers are no times in seconds.
    const MAX_S: f64 = 253_402_300_799.0;
    if let Some(seconds) = scalar.number() {
        #[allow(clippy::cast_possible_truncation)] // the range is checked
        return (0.0..=MAX_S)
            .contains(&seconds)
            .then_some((seconds * 1_000.0) as i64);
    }
    parse_instant(&scalar.text()?).ok()
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

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StripeEvent {
    id: Scalar,
    #[serde(rename = "type")]
    event_type: Scalar,
    account: Scalar,
    created: Scalar,
    livemode: Scalar,
    data: Object<StripeData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StripeData {
    object: Object<StripeAccount>,
    previous_attributes: Object<StripePrevious>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StripeAccount {
    payouts_enabled: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StripePrevious {
    payouts_enabled: Option<Scalar>,
}

fn read_stripe(event: &StripeEvent, mode: Mode, receipt: Receipt) -> ProviderEvent {
    let occurred_ms = receipt.cap(instant_of(&event.created));
    let event_type = event.event_type.text();
    let fits = event.livemode.bool().unwrap_or(false) == (mode == Mode::Production);
    let account = event.account.id();
    let data = &event.data.0;
    let value = match event_type.as_deref() {
        Some("account.updated") => data.object.0.payouts_enabled.bool().map(passed_or_open),
        Some("account.application.deauthorized") => Some(FactValue::Open),
        _ => None,
    };
    let fact = value
        .filter(|_| fits && account.is_some())
        .map(|value| Fact {
            at_ms: occurred_ms,
            value,
            names_previous: data.previous_attributes.0.payouts_enabled.is_some(),
        });
    ProviderEvent {
        provider: Provider::Stripe,
        event_id: event.id.id().unwrap_or_else(|| receipt.id_of_body()),
        event_type: event_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned()),
        external_id: account.unwrap_or_default(),
        occurred_ms,
        fact: fact.map(|fact| (Gate::PayoutsEnabled, fact)),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MiddeskEvent {
    id: Scalar,
    #[serde(rename = "type")]
    event_type: Scalar,
    created_at: Scalar,
    data: Object<MiddeskData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MiddeskData {
    object: Object<MiddeskBusiness>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MiddeskBusiness {
    external_id: Scalar,
    status: Scalar,
}

fn read_middesk(event: &MiddeskEvent, receipt: Receipt) -> ProviderEvent {
    let occurred_ms = receipt.cap(instant_of(&event.created_at));
    let event_type = event.event_type.text();
    let business = &event.data.0.object.0;
    let status = business.status.text();
    let value = match (event_type.as_deref(), status.as_deref()) {
        (Some("business.updated"), Some("approved")) => Some(FactValue::Passed),
        (Some("business.updated"), Some("rejected")) => Some(FactValue::Refused),
        (Some("business.updated"), Some("in_review")) => Some(FactValue::Open),
        _ => None,
    };
    let external_id = business.external_id.id();
    let value = value.filter(|_| external_id.is_some());
    ProviderEvent {
        provider: Provider::Middesk,
        event_id: event.id.id().unwrap_or_else(|| receipt.id_of_body()),
        event_type: event_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned()),
        external_id: external_id.unwrap_or_default(),
        occurred_ms,
        fact: value.map(|value| (Gate::KybVerified, fact(value, occurred_ms))),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DocusignEvent {
    event: Scalar,
    generated_date_time: Scalar,
    data: Object<DocusignData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DocusignData {
    envelope_id: Scalar,
    envelope_summary: Object<DocusignSummary>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DocusignSummary {
    custom_fields: Object<DocusignFields>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DocusignFields {
    text_custom_fields: FirstWanted<DocusignField>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DocusignField {
    name: Scalar,
    value: Scalar,
}

impl Wanted for DocusignField {
    fn is_wanted(&self) -> bool {
        self.name.text().as_deref() == Some("creditor_id")
    }
}

fn read_docusign(event: &DocusignEvent, receipt: Receipt) -> ProviderEvent {
    let occurred_ms = receipt.cap(instant_of(&event.generated_date_time));
    let event_type = event.event.text();
    let data = &event.data.0;
    let fields = &data.envelope_summary.0.custom_fields.0;
    let creditor = fields.text_custom_fields.0.value.id();
    let is_signed = event_type.as_deref() == Some("envelope-completed") && creditor.is_some();
    let passed = (Gate::MsaOnFile, fact(FactValue::Passed, occurred_ms));
    // DocuSign's events have no id of their own.
    let parts = (
        data.envelope_id.id(),
        event.event.id(),
        event.generated_date_time.id(),
    );
    let event_id = match parts {
        (Some(envelope), Some(kind), Some(at)) => {
            format!(
                "{envelope}:{kind}:{at}:{}",
                creditor.as_deref().unwrap_or_default()
            )
        }
        _ => receipt.id_of_body(),
    };
    ProviderEvent {
        provider: Provider::Docusign,
        event_id,
        event_type: event_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned()),
        external_id: creditor.unwrap_or_default(),
        occurred_ms,
        fact: is_signed.then_some(passed),
    }
}
