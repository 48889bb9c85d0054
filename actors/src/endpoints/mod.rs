//! Webhook endpoints and signing secrets, as their owner configures them.
//!
//! Owns the tables `webhook_endpoint` and `webhook_secret`. Every change runs in the creditor's transaction. The module
//! never sends anything: delivery does, and it updates only the health of an endpoint and disables it after a 410 or
//! days of failures.

mod account_settings;
mod crud;
mod primary;
mod secrets;
mod validation;

pub(crate) use account_settings::{settings_view, update_settings};
pub(crate) use crud::{create, headers_of, list, remove, show, update};
pub(crate) use primary::{apply, check, shown_url};
pub(crate) use secrets::{rotate_secret, secret, secret_purpose};
