//! The OpenAPI document over HTTP.

pub(crate) mod show;
