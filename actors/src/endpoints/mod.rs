//! Webhook endpoints and signing secrets, as their owner configures them.
//!
//! Owns the tables `webhook_endpoint` and `webhook_secret`. Every change runs in the creditor's transaction. The module
//! never sends anything: delivery does, and it updates only the health of an endpoint and disables it after a 410 or
//! days of failures.

mod account_settings;
mod change;
mod crud;
mod sealed_headers;
mod secrets;
mod validation;
mod view;

pub(crate) use account_settings::{settings_view, update_settings};
pub(crate) use crud::{create, list, remove, show, update};
pub(crate) use sealed_headers::headers_of;
pub(crate) use secrets::{rotate_secret, secret, secret_purpose};
pub(crate) use view::shown_url;
