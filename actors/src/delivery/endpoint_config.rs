//! The configuration that sends to an endpoint use: its URL, decrypted signing secrets, headers and throttle.
//!
//! Never writes; the module `endpoints` owns the configuration.

use std::collections::BTreeMap;

use entities::ids::EndpointId;
use entities::queries::{delivery as queue, webhooks};
use entities::webhook_endpoint::{EndpointState, OnExhausted};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use thiserror::Error;

use super::handle::Delivery;
use crate::domain::safe_address::{UnsafeUrl, check_url};
use crate::domain::signature::{SecretFormatError, WebhookSecret};
use crate::endpoints::{headers_of, secret_purpose};
use crate::infra::VaultError;

/// The configuration of an endpoint, as last read.
#[derive(Debug)]
pub(super) struct Config {
    /// The URL, checked when it was read. Nothing connects to an unsafe one.
    pub(super) url: Result<url::Url, UnsafeUrl>,
    pub(super) state: EndpointState,
    /// Signing secrets, newest first. A rotated one has an expiry in milliseconds since the epoch.
    pub(super) secrets: Vec<(WebhookSecret, Option<i64>)>,
    /// Headers that the owner adds to each request.
    pub(super) headers: HeaderMap,
    /// Maximum sends per second.
    pub(super) throttle: Option<u32>,
    /// What happens to an ordering key whose first delivery is exhausted.
    pub(super) on_exhausted: OnExhausted,
}

impl Config {
    /// Secrets that have not expired at `now_ms`.
    pub(super) fn live_secrets(&self, now_ms: i64) -> Vec<WebhookSecret> {
        let live = self
            .secrets
            .iter()
            .filter(|(_, expires)| expires.is_none_or(|at| now_ms < at));
        live.map(|(secret, _)| secret.clone()).collect()
    }
}

/// Why nothing can be sent to an endpoint. Its rows wait, because no row is ever sent unsigned.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// The query failed; the read is retried.
    #[error(transparent)]
    Database(#[from] entities::DbErr),
    /// The task that reads the configuration panicked.
    #[error("the task that reads the endpoint panicked")]
    TaskFailed,
    /// The endpoint no longer exists.
    #[error("the endpoint no longer exists")]
    NotFound,
    /// A secret or header cannot be decrypted.
    #[error(transparent)]
    Sealed(#[from] VaultError),
    /// A secret has an invalid format.
    #[error(transparent)]
    Secret(#[from] SecretFormatError),
    /// The endpoint has no unexpired signing secret.
    #[error("the endpoint has no unexpired signing secret")]
    NoSecret,
    /// A header that the owner added is invalid.
    #[error("a header of the endpoint is invalid")]
    Header,
}

/// Reads an endpoint and decrypts its secrets and headers.
pub(super) async fn read(delivery: &Delivery, id: EndpointId) -> Result<Config, LoadError> {
    let reader = delivery.env.db.reader();
    let row = queue::endpoint(reader, id)
        .await?
        .ok_or(LoadError::NotFound)?;
    let sealed = webhooks::secrets(reader, id, delivery.env.clock.now_ms()).await?;
    if sealed.is_empty() {
        return Err(LoadError::NoSecret);
    }
    let mut secrets = Vec::with_capacity(sealed.len());
    for secret in sealed {
        let text = delivery
            .env
            .vault
            .open(&secret_purpose(id), &secret.sealed)?;
        secrets.push((
            WebhookSecret::parse(text.expose_secret())?,
            secret.expires_ms,
        ));
    }
    let url = check_url(&row.url, &delivery.env.settings.address_policy());
    Ok(Config {
        url,
        state: row.state,
        secrets,
        headers: header_map(headers_of(&delivery.creditors, &row)?)?,
        throttle: row
            .throttle_per_second
            .and_then(|rate| u32::try_from(rate).ok()),
        on_exhausted: row.on_exhausted,
    })
}

/// Converts the owner's headers, which were validated when they were saved. Values are marked as sensitive, so that
/// nothing prints them.
fn header_map(headers: BTreeMap<String, String>) -> Result<HeaderMap, LoadError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(name).map_err(|_| LoadError::Header)?;
        let mut value = HeaderValue::try_from(value).map_err(|_| LoadError::Header)?;
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}
