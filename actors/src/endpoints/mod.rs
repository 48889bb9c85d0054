//! Webhook endpoints and signing secrets as their owner sets them.
//!
//! Every change runs in the creditor's transaction. Owns the tables `webhook_endpoint` and `webhook_secret`; that a receiver
//! answered 410 is the one change that delivery makes by itself.

mod account_settings;
mod crud;
mod primary;
mod secrets;
mod validation;

pub(crate) use account_settings::{settings_view, update_settings};
pub(crate) use crud::{create, headers_of, list, remove, show, update};
pub(crate) use primary::{apply, check, shown_url};
pub(crate) use secrets::{rotate_secret, secret, secret_purpose};
