//! What an endpoint is sent with, read in one go: its URL, its opened secrets and headers.

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

/// What an endpoint is sent with, as it was last read.
#[derive(Debug)]
pub(super) struct Config {
    /// Judged when it was read; a refused one is never connected to.
    pub(super) url: Result<url::Url, UnsafeUrl>,
    pub(super) state: EndpointState,
    /// Newest first, with the time at which a rotated one stops.
    pub(super) secrets: Vec<(WebhookSecret, Option<i64>)>,
    /// What its owner adds to ours.
    pub(super) headers: HeaderMap,
    /// Sends a second at most.
    pub(super) throttle: Option<u32>,
    /// What becomes of a line whose first delivery is out of attempts.
    pub(super) on_exhausted: OnExhausted,
}

impl Config {
    /// Secrets that sign now.
    pub(super) fn live_secrets(&self, now_ms: i64) -> Vec<WebhookSecret> {
        let live = self
            .secrets
            .iter()
            .filter(|(_, expires)| expires.is_none_or(|at| now_ms < at));
        live.map(|(secret, _)| secret.clone()).collect()
    }
}

/// Why an endpoint cannot be sent to. Its rows wait: none is ever sent unsigned.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// Try again.
    #[error(transparent)]
    Database(#[from] entities::DbErr),
    /// The reading died.
    #[error("reading the endpoint died")]
    Died,
    /// There is no such endpoint any more.
    #[error("the endpoint is gone")]
    ReceiverGone,
    /// A secret does not open.
    #[error(transparent)]
    Sealed(#[from] VaultError),
    /// A secret is damaged.
    #[error(transparent)]
    Secret(#[from] SecretFormatError),
    /// It has no live secret.
    #[error("the endpoint has no live signing secret")]
    NoSecret,
    /// A header that its owner adds is damaged.
    #[error("a header of the endpoint cannot be sent")]
    Header,
}

/// Reads an endpoint and opens its secrets.
pub(super) async fn read(delivery: &Delivery, id: EndpointId) -> Result<Config, LoadError> {
    let reader = delivery.env.db.reader();
    let row = queue::endpoint(reader, id)
        .await?
        .ok_or(LoadError::ReceiverGone)?;
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

/// They were checked when they were saved; their values are marked, so that nothing prints them.
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
