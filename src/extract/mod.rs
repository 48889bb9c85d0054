//! What a handler takes from a request, checked: who is calling, the body, the query, the id in the path.
//!
//! Every extractor fails with a [`crate::error::PartnerError`]; none of them knows a rule of the business.

pub(crate) mod caller;
pub(crate) mod credentials;
pub(crate) mod field;
pub(crate) mod field_errors;
pub(crate) mod idempotency;
pub(crate) mod json;
pub(crate) mod path_id;
pub(crate) mod query;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::Extensions;

pub(crate) use caller::{Caller, Client, Support};
pub(crate) use field::{Field, Unknown};
pub(crate) use field_errors::FieldErrors;
pub(crate) use idempotency::{
    IdempotencyHeader, OptionalKey, RequiredIdempotencyHeader, RequiredKey,
};
pub(crate) use json::Body;
pub(crate) use path_id::PathId;
pub(crate) use query::QueryOf;

/// The peer of the connection. Proxies are not trusted to speak for their clients.
pub(crate) fn client_address(request: &Request) -> IpAddr {
    address_in(request.extensions())
}

fn address_in(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| {
        info.0.ip().to_canonical()
    })
}
