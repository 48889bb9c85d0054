//! A change of an endpoint: its validation, and its effect on the row. The primary endpoint and the others share it.

use std::collections::BTreeMap;

use entities::ids::EndpointId;
use entities::webhook_endpoint::{self, DeliveryOrder, EndpointState, OnExhausted};
use uuid::Uuid;

use super::sealed_headers;
use super::validation::{check_url, event_filter, one_of};
use crate::contract::{ApiError, EndpointChange};
use crate::creditor::{CreditorTransaction, Creditors};
use crate::domain::custom_headers;
use crate::domain::field_error::FieldError;
use crate::domain::throttle::MAX_PER_SECOND;

/// A validated change. Absent fields stay unchanged. `url: Some(None)` removes the endpoint.
pub(super) struct ValidatedChange {
    pub(super) url: Option<Option<String>>,
    description: Option<Option<String>>,
    events: Option<Option<String>>,
    throttle: Option<Option<i32>>,
    headers: Option<Option<BTreeMap<String, String>>>,
    order: Option<DeliveryOrder>,
    on_exhausted: Option<OnExhausted>,
    paused: Option<bool>,
}

/// The names of the body fields of a change, for errors.
#[derive(Clone, Copy)]
pub(super) struct FieldNames {
    pub(super) url: &'static str,
    pub(super) events: &'static str,
}

impl ValidatedChange {
    /// Validates a change. Errors refer to the body fields by `names`.
    ///
    /// It runs before the transaction, because resolving a host can be slow.
    pub(super) async fn check(
        creditors: &Creditors,
        change: EndpointChange,
        names: FieldNames,
    ) -> Result<Self, ApiError> {
        if let Some(url) = &change.url {
            check_url(creditors, names.url, url).await?;
        }
        let events = change.events.map(|listed| {
            let json = listed.map(|listed| event_filter(names.events, &listed));
            json.transpose()
        });
        let headers = change
            .headers
            .map(|headers| headers.as_ref().map(checked_headers).transpose());
        let throttle = change
            .throttle_per_second
            .map(|rate| rate.map(checked_throttle).transpose());
        let order = change.order.map(|name| {
            let known = DeliveryOrder::ALL.map(|order| (order.as_str(), order));
            one_of("order", &name, known)
        });
        let on_exhausted = change.on_exhausted.map(|name| {
            let known = OnExhausted::ALL.map(|policy| (policy.as_str(), policy));
            one_of("on_exhausted", &name, known)
        });
        Ok(Self {
            url: change.url.map(Some),
            description: change.description,
            events: events.transpose()?,
            throttle: throttle.transpose()?,
            headers: headers.transpose()?,
            order: order.transpose()?,
            on_exhausted: on_exhausted.transpose()?,
            paused: change.paused,
        })
    }

    /// Applies the change to a row. A new URL enables a disabled endpoint. A paused one stays paused until its owner
    /// resumes it.
    pub(super) fn apply(
        self,
        creditors: &Creditors,
        row: &mut webhook_endpoint::Model,
    ) -> Result<(), ApiError> {
        match self.url {
            Some(Some(url)) => {
                row.url = url;
                if row.state == EndpointState::Disabled {
                    enable(row);
                }
            }
            Some(None) => clear(row),
            None => {}
        }
        if let Some(description) = self.description {
            row.description = description;
        }
        if let Some(events) = self.events {
            row.events = events;
        }
        if let Some(throttle) = self.throttle {
            row.throttle_per_second = throttle;
        }
        if let Some(headers) = self.headers {
            let headers = headers.filter(|headers| !headers.is_empty());
            let sealed = headers.map(|headers| sealed_headers::seal(creditors, row.id, &headers));
            row.sealed_headers = sealed.transpose()?;
        }
        row.ordering = self.order.unwrap_or(row.ordering);
        row.on_exhausted = self.on_exhausted.unwrap_or(row.on_exhausted);
        match self.paused {
            Some(true) => {
                row.state = EndpointState::Paused;
                row.state_reason = Some("paused by its owner".to_owned());
            }
            Some(false) => enable(row),
            None => {}
        }
        Ok(())
    }
}

fn enable(row: &mut webhook_endpoint::Model) {
    row.state = EndpointState::Enabled;
    row.state_reason = None;
    row.failing_since_ms = None;
}

/// Marks an endpoint as removed: it has no URL. Deletes the custom headers, so that a later URL never receives them.
pub(super) fn clear(row: &mut webhook_endpoint::Model) {
    row.url = String::new();
    row.sealed_headers = None;
    row.state = EndpointState::Disabled;
    row.state_reason = Some("removed".to_owned());
}

/// A new endpoint with default settings for `url`.
pub(super) fn new_endpoint(
    transaction: &mut CreditorTransaction<'_>,
    url: String,
    is_primary: bool,
) -> webhook_endpoint::Model {
    let now_ms = transaction.outbox.updated_ms(transaction.creditor.id);
    webhook_endpoint::Model {
        id: EndpointId(Uuid::now_v7()),
        creditor_id: transaction.creditor.id,
        is_primary,
        url,
        events: None,
        state: EndpointState::Enabled,
        state_reason: None,
        description: None,
        throttle_per_second: None,
        sealed_headers: None,
        ordering: DeliveryOrder::default(),
        on_exhausted: OnExhausted::default(),
        failing_since_ms: None,
        last_failed_ms: None,
        created_ms: now_ms,
        updated_ms: now_ms,
    }
}

fn checked_throttle(per_second: u32) -> Result<i32, ApiError> {
    let fits = (1..=MAX_PER_SECOND).contains(&per_second);
    let rate = i32::try_from(per_second).ok().filter(|_| fits);
    rate.ok_or_else(|| {
        let msg = format!("must be a whole number from 1 to {MAX_PER_SECOND}, or null for none");
        ApiError::field(&["body", "throttle_per_second"], msg)
    })
}

fn checked_headers(
    headers: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ApiError> {
    custom_headers::check(headers).map_err(|refused| {
        let errors = refused.into_iter().map(|refused| FieldError {
            loc: ["body", "headers", &refused.name]
                .into_iter()
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            msg: refused.reason,
        });
        ApiError::Validation(errors.collect())
    })
}
