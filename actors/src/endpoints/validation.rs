//! Validation of endpoint settings. It runs before any transaction, because resolving a host can be slow.

use crate::contract::ApiError;
use crate::creditor::Creditors;
use crate::domain::safe_address;
use crate::infra::LookupError;
use crate::outbox::EventType;

/// Checks that `url` may be called now. Errors refer to the body field `field`. Delivery checks the address again on
/// every attempt.
pub(super) async fn check_url(
    creditors: &Creditors,
    field: &'static str,
    url: &str,
) -> Result<(), ApiError> {
    let refuse = |reason: String| ApiError::UnsafeWebhookUrl { field, reason };
    let policy = creditors.env.settings.address_policy();
    let parsed =
        safe_address::check_url(url, &policy).map_err(|error| refuse(error.to_string()))?;
    let host = parsed
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let addresses = match creditors.env.hosts.addresses(&host).await {
        Ok(addresses) => addresses,
        Err(LookupError::NotFound) => {
            return Err(refuse(format!(
                "{host} does not resolve; check the host name"
            )));
        }
        Err(LookupError::Unavailable) => return Err(ApiError::Overloaded),
    };
    safe_address::vet(&addresses, &policy).map_err(|error| refuse(error.to_string()))?;
    Ok(())
}

/// Validates the event names of a filter and returns them as JSON. Errors refer to the body field `field`.
pub(super) fn event_filter(field: &str, names: &[String]) -> Result<String, ApiError> {
    let loc = &["body", field];
    if names.is_empty() {
        return Err(ApiError::field(
            loc,
            "must name at least one event; null subscribes to all",
        ));
    }
    if let Some(name) = names.iter().find(|name| EventType::parse(name).is_none()) {
        let msg = format!("{name} is not an event; GET /v1/settings/webhook-events lists them");
        return Err(ApiError::field(loc, msg));
    }
    serde_json::to_string(names).map_err(|_| ApiError::Internal)
}

/// Finds `name` among the values that the body field `field` may have.
pub(super) fn one_of<T>(
    field: &str,
    name: &str,
    known: impl IntoIterator<Item = (&'static str, T)>,
) -> Result<T, ApiError> {
    let mut names = Vec::new();
    for (known, value) in known {
        if known == name {
            return Ok(value);
        }
        names.push(known);
    }
    let msg = format!("must be one of {}", names.join(", "));
    Err(ApiError::field(&["body", field], msg))
}
