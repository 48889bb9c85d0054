//! What a handler takes from a request, checked: who is calling, the body, the query, the id in the path.
//!
//! Every extractor fails with a [`crate::error::PartnerError`]; none of them knows a rule of the business.

pub(crate) mod body_field;
mod bounded_json;
pub(crate) mod caller;
pub(crate) mod credentials;
pub(crate) mod field_errors;
pub(crate) mod idempotency;
pub(crate) mod json;
pub(crate) mod path_id;
pub(crate) mod query;

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::Request;
use axum::http::Extensions;

pub(crate) use body_field::{Field, Unknown};
pub(crate) use caller::{Caller, Client, Support};
pub(crate) use field_errors::FieldErrors;
pub(crate) use idempotency::{
    IdempotencyHeader, OptionalKey, RequiredIdempotencyHeader, RequiredKey,
};
pub(crate) use json::Body;
pub(crate) use path_id::PathId;
pub(crate) use query::QueryOf;

use crate::layers::client_address::ClientAddress;

/// Where the request came from, as [`crate::layers::client_address`] has established it.
pub(crate) fn client_address(request: &Request) -> IpAddr {
    address_in(request.extensions())
}

fn address_in(extensions: &Extensions) -> IpAddr {
    let client = extensions.get::<ClientAddress>();
    client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0)
}
