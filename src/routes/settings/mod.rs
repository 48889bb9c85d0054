//! Routes of the creditor's settings.

pub(crate) mod api_key;
pub(crate) mod read_key;
pub(crate) mod show;
pub(crate) mod update;
pub(crate) mod webhook_endpoints;
pub(crate) mod webhook_secret;
