//! The route of the OpenAPI document.

pub(crate) mod show;
