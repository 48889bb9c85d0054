//! Extractors for the validated parts of a request: caller, body, query, path id, idempotency key.
//!
//! Every extractor fails with a [`crate::error::PartnerError`]. Never applies a business rule.

pub(crate) mod body_budget;
mod body_field;
mod bounded_json;
mod caller;
pub(crate) mod credentials;
mod field_errors;
mod idempotency;
pub(crate) mod json;
mod path_id;
mod query;
mod request_body;

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::Request;
use axum::http::Extensions;

pub(crate) use body_field::{Field, FieldType, Fields, Unknown};
pub(crate) use caller::{Caller, Client, CurrentSession, Support};
pub(crate) use field_errors::FieldErrors;
pub(crate) use idempotency::{OptionalKey, RequiredKey};
pub(crate) use json::{Body, NoBody};
pub(crate) use path_id::PathId;
pub(crate) use query::{StrictQuery, non_empty};
pub(crate) use request_body::request_body;

use crate::layers::client_address::ClientAddress;

/// The client address that [`crate::layers::client_address`] determined, or `0.0.0.0` if there is none.
pub(crate) fn client_address(request: &Request) -> IpAddr {
    address_in(request.extensions())
}

fn address_in(extensions: &Extensions) -> IpAddr {
    let client = extensions.get::<ClientAddress>();
    client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0)
}
